"""Models by their ids: what is missing is said at once, and what is there can be listed, probed and tried."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from savant.errors import ErrorCode, ExitCode, SavantError
from savant.runtime.llm.providers import ProviderConfig
from savant.runtime.llm.registry import ModelRegistry
from savant.runtime.llm.scripted import ScriptedModel
from tests.runtime.llm.conftest import KEY, Stage, ask
from tests.stubs.models import ModelStub, Reply

HOSTED = ["openai", "anthropic", "gemini", "openrouter", "mistral", "groq", "deepseek"]


@pytest.mark.parametrize("provider", HOSTED)
def test_a_hosted_provider_without_a_key_says_where_to_put_one(provider: str) -> None:
    with pytest.raises(SavantError) as caught:
        ModelRegistry().get(f"{provider}/some-model")
    assert caught.value.code == ErrorCode.MODEL_NOT_CONFIGURED
    assert caught.value.exit_code == ExitCode.USAGE
    assert f"{provider.upper()}_API_KEY" in (caught.value.hint or "")


@pytest.mark.parametrize("provider", HOSTED)
def test_with_a_key_it_is_a_model(provider: str) -> None:
    model = ModelRegistry({provider: {"api_key": f" {KEY}\n"}}).get(f"{provider}/vendor/some-model")
    assert (model.id, model.native_tools) == (f"{provider}/vendor/some-model", True)


@pytest.mark.parametrize(
    ("model_id", "says"),
    [("gpt-5", "provider/model"), ("opnai/gpt-5", "Did you mean openai?"), ("zzz/x", "ollama"), ("openai/", "id")],
)
def test_an_id_that_means_nothing(model_id: str, says: str) -> None:
    with pytest.raises(SavantError) as caught:
        ModelRegistry().get(model_id)
    assert caught.value.code == ErrorCode.MODEL_NOT_CONFIGURED
    assert says in str(caught.value)


def test_a_key_no_header_can_carry() -> None:
    with pytest.raises(SavantError) as caught:
        ModelRegistry({"openai": {"api_key": "sk-ключ-ключ"}}).get("openai/gpt-5")
    assert caught.value.code == ErrorCode.MODEL_NOT_CONFIGURED
    assert "ключ" not in str(caught.value)


@pytest.mark.parametrize("fields", [{}, {"wire": "telnet"}, {"wire": "openai", "bse_url": "http://x"}])
def test_a_provider_of_ones_own_that_is_not_complete(fields: dict[str, Any]) -> None:
    with pytest.raises(SavantError, match="Provider mine") as caught:
        ModelRegistry({"mine": fields})
    assert caught.value.code == ErrorCode.INVALID_CONFIG


async def test_a_built_in_provider_can_be_pointed_elsewhere(wire: str) -> None:
    async with ModelStub([Reply(text="From the stub.")], key=KEY) as stub:
        given = {wire: {"base_url": f"{stub.url}/", "api_key": KEY}}
        async with ModelRegistry(given) as registry:
            assert (await registry.get(f"{wire}/some-model").complete(ask())).text == "From the stub."


async def test_models_are_listed_as_ids(stage: Stage) -> None:
    scene = await stage(stub_key=KEY)
    assert await scene.registry.list_models("stub") == ["stub/stub-model", "stub/stub-small"]


async def test_a_probe_names_a_model_to_use(stage: Stage) -> None:
    scene = await stage(default_model="stub-small")
    probe = await scene.registry.probe("stub")
    assert (probe.ok, probe.model) == (True, "stub/stub-small")


async def test_a_probe_never_raises(stage: Stage) -> None:
    scene = await stage(stub_key="another")
    denied = await scene.registry.probe("stub")
    assert (denied.ok, denied.error_code) == (False, ErrorCode.MODEL_DENIED)
    missing = await scene.registry.probe("openai")
    assert (missing.ok, missing.error_code) == (False, ErrorCode.MODEL_NOT_CONFIGURED)
    unknown = await scene.registry.probe("nobody")
    assert (unknown.ok, unknown.error_code) == (False, ErrorCode.MODEL_NOT_CONFIGURED)


async def test_trying_a_model(stage: Stage) -> None:
    call = {"name": "test__weather", "arguments": {"city": "Oslo"}}
    scene = await stage(Reply(text="One two three."), Reply(tools=[call]))
    test = await scene.registry.test("stub/some-model")
    assert (test.ok, test.streaming, test.tool_call, test.text) == (True, True, True, "One two three.")
    assert test.usage.output_tokens == 5


async def test_trying_a_model_that_neither_streams_nor_calls(stage: Stage) -> None:
    scene = await stage(Reply(text="One two.", fault="plain"), Reply(text="It is sunny in Oslo."))
    test = await scene.registry.test("stub/some-model")
    assert (test.ok, test.streaming, test.tool_call) == (True, False, False)


async def test_trying_a_model_that_fails(stage: Stage) -> None:
    scene = await stage(Reply(status=404))
    test = await scene.registry.test("stub/some-model")
    assert (test.ok, test.error_code) == (False, ErrorCode.MODEL_NOT_FOUND)
    assert test.error


async def test_a_model_made_in_python_has_an_id_too() -> None:
    async with ModelRegistry() as registry:
        registry.add("scripted/mine", ScriptedModel(["Hello."]))
        assert (await registry.get("scripted/mine").complete(ask())).text == "Hello."


def test_a_provider_does_not_print_its_key() -> None:
    config = ProviderConfig(name="x", wire="openai", base_url=f"https://u:{KEY}@host/v1", api_key=KEY)
    assert KEY not in f"{config!r} {config} {config.target('m').host}"


def test_a_scripted_run_loads_no_http_and_no_prices() -> None:
    code = """
import asyncio, sys
from savant.runtime.llm.registry import ModelRegistry
from savant.runtime.llm.scripted import ScriptedModel
registry = ModelRegistry()
registry.add("scripted/a", ScriptedModel(["hi"]))
from savant.runtime.llm.base import ModelRequest
asyncio.run(registry.get("scripted/a").complete(ModelRequest(messages=[])))
print(sorted({"httpx2", "httpx", "genai_prices", "xllamacpp", "yaml"} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
