"""JSON Schemas that are not ours."""

import socket
import subprocess
import sys

import pytest

from savant.errors import ErrorCode, SavantError
from savant.runtime.tools.validate import check_arguments, check_schema, problems

SCHEMA = {
    "type": "object",
    "properties": {
        "items": {"type": "array", "items": {"type": "object", "required": ["name"]}},
        "color": {"enum": ["red", "blue"]},
    },
    "required": ["items"],
    "additionalProperties": False,
}


def test_what_fits_has_no_problems():
    assert problems(SCHEMA, {"items": [{"name": "a"}], "color": "red"}) == []


def test_every_problem_is_told_with_its_path():
    found = problems(SCHEMA, {"items": [{"name": "a"}, {}], "color": "green"})
    assert sorted(line.partition(": ")[0] for line in found) == ["color", "items[1]"]
    assert any('"name" is a required property' in line for line in found)


def test_bad_arguments_name_the_nearest():
    with pytest.raises(SavantError) as caught:
        check_arguments("jira.get", SCHEMA, {"items": [], "colour": "red"})
    assert caught.value.code == ErrorCode.TOOL_BAD_ARGUMENTS
    assert "did you mean `color`?" in caught.value.message
    assert "jira.get" in caught.value.message
    check_arguments("jira.get", SCHEMA, {"items": []})


def test_a_schema_that_is_none_is_refused():
    with pytest.raises(SavantError) as caught:
        check_schema({"type": "strnig"})
    assert caught.value.code == ErrorCode.INVALID_DEFINITION


def test_no_reference_is_fetched():
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        server.settimeout(0.2)
        with pytest.raises(SavantError) as caught:
            problems({"$ref": f"http://127.0.0.1:{server.getsockname()[1]}/schema"}, {})
        with pytest.raises(TimeoutError):
            server.accept()
    assert caught.value.code == ErrorCode.INVALID_DEFINITION


def test_the_library_is_loaded_only_when_a_schema_is_met():
    code = "import sys, savant.runtime.tools.validate, savant.runtime.tools.toolbox, savant.runtime.engines.catalog\n"
    code += "print([m for m in ('jsonschema_rs', 'httpx', 'sqlalchemy') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
