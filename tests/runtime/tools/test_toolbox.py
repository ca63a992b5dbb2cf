"""Typed functions as tools: schemas, checked arguments, answers, failures, cancellation."""

import asyncio
import json
from typing import Annotated

import msgspec
import pytest
from msgspec import Meta

from savant.errors import ErrorCode, SavantError
from savant.runtime.tools.engine import Engine, Hints, effect_of, engine_of, hints_of, tool, tool_failed
from savant.runtime.tools.toolbox import EngineToolbox


class Greeting(msgspec.Struct):
    text: str
    times: int


class Greeter(Engine):
    name = "greeter"

    def __init__(self):
        self.closed = False
        self.started = asyncio.Event()
        self.cancelled = False

    @tool(effect="read")
    async def greet(
        self, *, name: Annotated[str, Meta(description="Whom to greet")], times: Annotated[int, Meta(ge=1)] = 1
    ) -> Greeting:
        """Greet someone."""
        return Greeting(f"Hello {name}", times)

    @tool(effect="write", name="break")
    async def break_it(self, *, kindly: bool = False) -> None:
        """Break."""
        raise tool_failed("It broke.", "Mend it.") if kindly else KeyError("inside")

    @tool(effect="idempotent")
    async def wait_(self) -> None:
        """Wait for ever."""
        self.started.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.cancelled = True
            raise

    async def aclose(self):
        self.closed = True


@pytest.fixture
def greeter():
    return Greeter()


@pytest.fixture
def toolbox(greeter):
    return EngineToolbox([greeter])


async def refused(toolbox, name, arguments):
    with pytest.raises(SavantError) as caught:
        await toolbox.call(name, arguments)
    return caught.value


def test_a_tool_is_described_by_its_signature(toolbox):
    spec = toolbox.spec("greeter.greet")
    assert (spec.description, spec.effect) == ("Greet someone.", "read")
    assert spec.input_schema == {
        "type": "object",
        "properties": {
            "name": {"type": "string", "description": "Whom to greet"},
            "times": {"type": "integer", "minimum": 1, "default": 1},
        },
        "required": ["name"],
        "additionalProperties": False,
    }
    assert spec.output_schema["$defs"]["Greeting"]["required"] == ["text", "times"]
    assert [spec.name for spec in toolbox.specs()] == ["greeter.break", "greeter.greet", "greeter.wait"]


async def test_an_answer_is_plain_json(toolbox):
    answer = await toolbox.call("greeter.greet", {"name": "Ada"})
    assert answer == {"text": "Hello Ada", "times": 1}
    assert json.loads(json.dumps(answer)) == answer


async def test_an_unknown_tool_names_the_nearest(toolbox):
    error = await refused(toolbox, "greeter.gret", {})
    assert error.code == ErrorCode.TOOL_UNKNOWN
    assert "greeter.greet" in error.hint


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({}, "`name` is missing (string)"),
        ({"name": "a", "tmies": 2}, "no argument `tmies` (did you mean `times`?)"),
        ({"name": 3}, "`name`: expected `str`, got `int`"),
        ({"name": "a", "times": 0}, "`times`: expected `int` >= 1"),
        ({"name": None}, "`name`: expected `str`, got `null`"),
        ({"name": "a", "times": True}, "`times`: expected `int`, got `bool`"),
    ],
)
async def test_bad_arguments_are_refused_before_the_call(toolbox, arguments, said):
    error = await refused(toolbox, "greeter.greet", arguments)
    assert error.code == ErrorCode.TOOL_BAD_ARGUMENTS
    assert said in error.message
    assert "name, times" in error.hint


async def test_all_problems_are_told_at_once(toolbox):
    error = await refused(toolbox, "greeter.greet", {"nam": 1, "times": "x"})
    assert len(error.details["problems"]) == 3


async def test_an_expected_failure_passes_and_an_unexpected_one_becomes_the_tools(toolbox):
    assert (await refused(toolbox, "greeter.break", {"kindly": True})).message == "It broke."
    error = await refused(toolbox, "greeter.break", {})
    assert error.code == ErrorCode.TOOL_FAILED
    assert "KeyError" in error.message
    assert isinstance(error.__cause__, KeyError)


async def test_calls_run_at_once_and_cancellation_reaches_the_tool(toolbox, greeter):
    waiting = asyncio.create_task(toolbox.call("greeter.wait", {}))
    await greeter.started.wait()
    assert (await toolbox.call("greeter.greet", {"name": "b"}))["text"] == "Hello b"
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert greeter.cancelled


def test_effects_can_be_overridden_but_not_for_a_tool_that_is_not_there(greeter):
    toolbox = EngineToolbox([greeter], {"greeter.break": "idempotent", "absent.tool": "read"})
    assert toolbox.spec("greeter.break").effect == "idempotent"
    with pytest.raises(SavantError) as caught:
        EngineToolbox([greeter], {"greeter.brake": "read"})
    assert "greeter.break" in caught.value.hint


def test_two_engines_cannot_offer_one_name():
    with pytest.raises(SavantError, match=r"greeter\.greet"):
        EngineToolbox([Greeter(), Greeter()])


def test_hashes_follow_the_input_schema_alone(toolbox):
    @tool(effect="write")
    async def greet(*, name: Annotated[str, Meta(description="Whom to greet")]) -> None:
        """Other words."""

    hashes = toolbox.schema_hashes()
    assert hashes == EngineToolbox([Greeter()], {"greeter.greet": "write"}).schema_hashes()
    other = EngineToolbox([engine_of("greeter", [greet])]).schema_hashes()
    assert other["greeter.greet"] != hashes["greeter.greet"]
    assert len(hashes["greeter.greet"]) == 64


async def test_closing_closes_every_engine_even_if_one_fails(greeter):
    class Stuck(Engine):
        name = "stuck"

        async def aclose(self):
            raise RuntimeError("stuck")

    with pytest.raises(RuntimeError):
        await EngineToolbox([Stuck(), greeter]).aclose()
    assert greeter.closed


def test_a_function_that_cannot_be_a_tool_is_refused_when_it_is_written():
    def not_async(*, a: int) -> None:
        """No."""

    async def positional(a: int) -> None:
        """No."""

    async def silent(*, a: int) -> None:
        pass

    for function in (not_async, positional, silent):
        with pytest.raises(TypeError, match=function.__name__):
            tool(effect="read")(function)


@pytest.mark.parametrize(
    ("hints", "effect"),
    [
        ({}, "write"),
        ({"readOnlyHint": True}, "read"),
        ({"readOnlyHint": True, "destructiveHint": True}, "write"),
        ({"idempotentHint": True}, "idempotent"),
        ({"idempotentHint": True, "destructiveHint": True}, "idempotent"),
        ({"readOnlyHint": False}, "write"),
    ],
)
def test_mcp_hints_become_an_effect(hints, effect):
    assert effect_of(msgspec.convert(hints, Hints)) == effect


@pytest.mark.parametrize("effect", ["read", "idempotent", "write"])
def test_an_effect_survives_as_hints(effect):
    assert effect_of(hints_of(effect)) == effect
