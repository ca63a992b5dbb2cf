"""What is sealed opens with its key, as what it was sealed for, and in no other way."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from savant.crypto import Keyring, Sealed, key_id, new_key, read_keys
from savant.errors import ErrorCode, SavantError


def keyring(*texts: str) -> Keyring:
    return Keyring(read_keys(" ".join(texts or [new_key()])))


@given(st.text(), st.integers(), st.text())
def test_it_opens_as_what_it_was_sealed_for(text: str, workspace: int, name: str) -> None:
    keys = keyring()
    sealed = keys.seal(text, workspace, name)
    assert keys.open(sealed, workspace, name) == text


@pytest.mark.parametrize(
    "elsewhere", [(2, "TOKEN"), (1, "OTHER"), (1,), (1, "TOKEN", ""), ("1T", "OKEN"), ("", "1TOKEN")]
)
def test_a_copy_elsewhere_does_not_open(elsewhere: tuple[object, ...]) -> None:
    keys = keyring()
    sealed = keys.seal("hunter22", 1, "TOKEN")
    with pytest.raises(SavantError, match="sealed for something else"):
        keys.open(sealed, *elsewhere)


@given(st.integers(min_value=0))
def test_no_bit_of_it_can_be_changed(bit: int) -> None:
    keys = keyring()
    sealed = keys.seal("hunter22", 1, "TOKEN")
    data = bytearray(sealed.data)
    bit %= len(data) * 8
    data[bit // 8] ^= 1 << bit % 8
    with pytest.raises(SavantError, match="does not open"):
        keys.open(Sealed(sealed.key_id, bytes(data)), 1, "TOKEN")
    with pytest.raises(SavantError, match="does not open"):
        keys.open(Sealed(sealed.key_id, bytes(data[: bit % len(data)])), 1, "TOKEN")


def test_the_same_text_is_sealed_differently_each_time() -> None:
    keys = keyring()
    assert keys.seal("hunter22", 1, "TOKEN") != keys.seal("hunter22", 1, "TOKEN")


def test_the_first_key_seals_and_any_opens() -> None:
    old, new = new_key(), new_key()
    sealed = keyring(old).seal("hunter22", 1, "TOKEN")
    both = keyring(new, old)
    assert both.open(sealed, 1, "TOKEN") == "hunter22"
    assert both.seal("hunter22", 1, "TOKEN").key_id == key_id(read_keys(new)[0]) != sealed.key_id
    with pytest.raises(SavantError, match=f"{sealed.key_id}, which is not here") as missing:
        keyring(new).open(sealed, 1, "TOKEN")
    assert missing.value.code is ErrorCode.INVALID_CONFIG


def test_a_key_under_a_false_name_opens_nothing() -> None:
    keys = keyring(new_key(), new_key())
    sealed = keys.seal("hunter22", 1, "TOKEN")
    other = next(id for id in keys._keys if id != sealed.key_id)  # pyright: ignore[reportPrivateUsage]
    with pytest.raises(SavantError, match="does not open"):
        keys.open(Sealed(other, sealed.data), 1, "TOKEN")


@pytest.mark.parametrize("text", ["hunter22", "QUJD", "A" * 40, "?" * 44, "A" * 43 + "=x"])
def test_what_is_no_key_is_refused_without_being_shown(text: str) -> None:
    with pytest.raises(SavantError, match="32 random bytes") as refused:
        read_keys(f"{new_key()},{text}")
    assert text not in str(refused.value)
