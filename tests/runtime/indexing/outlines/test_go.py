"""Definitions of Go by their layout are those of its grammar."""

from __future__ import annotations

import pytest

from savant.runtime.indexing.definitions import parsed
from savant.runtime.indexing.outlines import go

SOURCE: str = """// Package p says.
package p

import "fmt"

var list = []string{
	"a", // func in a comment
}

// Kind is one of
// a few.
type Kind int

const (
	A Kind = iota
)

type Alias = Kind

type Pair[K comparable, V any] struct {
	Key K
	// Value is kept.
	Value V
}

type Shape interface{ Area() float64 }

// Name of the pair.

// Get gives it.
func (p *Pair[K, V]) Get(
	key K,
) (V, error) {
	// first is local.
	type first struct{ a int }

	// later is as well.
	type later struct {
		b int
	}
	text := `
func not(a int) {
}
type neither struct {
`
	fmt.Println(text, '`', "`", "\\"`", first{}, later{})
	return p.Value, nil
}

func one() int { return 1 }
func two() int { return 2 }

func outside(a int) int

func Map[T any](in []T, f func(T) T) []T {
	out := []T{}
	for _, one := range in {
		out = append(out, f(one))
	}
	return out
} // end of Map

/* type Hidden struct {
func hidden() {
*/

func (Kind) last() {
	var f = func() {
		type deep struct{}
	}
	f()
}
"""


def test_declarations_are_those_of_the_grammar() -> None:
    source: str = SOURCE.replace("} // end of Map", "}")
    found = go.definitions(source, source.split("\n"))
    assert found == parsed("go", source.encode())
    assert [one.name for one in found or []] == [
        "Kind", "Pair", "Shape", "Pair.Get", "first", "later", "one", "two", "outside", "Map", "Kind.last",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "source",
    [
        SOURCE,
        "package p\n\ntype (\n\tA int\n\tB int\n)\n",
        "package p\n\nfunc a() {\nfunc b() {\n}\n",
        "package p\n\nfunc a() {\n\tb()\n",
        "package p\r\n\r\nfunc a() {\r\n}\r\n",
        "package p\n\nvar a = `\n",
        "package p\n\n/* of a kind */\nfunc a() {\n}\n",
        "package p\n\nfunc a() { // here\n}\n",
    ],
)
def test_what_the_layout_does_not_tell_is_left_to_the_grammar(source: str) -> None:
    assert go.definitions(source, source.split("\n")) is None
