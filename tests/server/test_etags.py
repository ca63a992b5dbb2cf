"""A change that is held to what was seen."""

from __future__ import annotations

import asyncio

import httpx2


async def test_a_change_holds_only_for_what_was_seen(http: httpx2.AsyncClient) -> None:
    made = await http.post("/personas", json={"name": "A", "instructions": "Build."})
    seen = made.headers["ETag"]
    assert (await http.get("/personas/a")).headers["ETag"] == seen
    changed = await http.patch("/personas/a", json={"description": "One."}, headers={"If-Match": seen})
    assert changed.status_code == 200
    assert changed.headers["ETag"] != seen
    for method, sent in (("PATCH", {"json": {"description": "Two."}}), ("DELETE", {})):
        late = await http.request(method, "/personas/a", headers={"If-Match": seen}, **sent)
        assert (late.status_code, late.json()["error"]["code"]) == (412, "precondition_failed")
    assert (await http.get("/personas/a")).json()["data"]["description"] == "One."
    assert (await http.delete("/personas/a", headers={"If-Match": changed.headers["ETag"]})).status_code == 204
    gone = await http.patch("/personas/a", json={}, headers={"If-Match": "*"})
    assert gone.status_code == 404


async def test_of_many_at_once_who_saw_the_same_one_changes_it(http: httpx2.AsyncClient) -> None:
    seen = (await http.post("/personas", json={"name": "A", "instructions": "Build."})).headers["ETag"]
    for _ in range(5):
        bodies = [{"description": f"By {number}."} for number in range(8)]
        held = {"If-Match": seen}
        answers = await asyncio.gather(*(http.patch("/personas/a", json=body, headers=held) for body in bodies))
        assert sorted(answer.status_code for answer in answers) == [200] + [412] * 7
        seen = next(answer for answer in answers if answer.status_code == 200).headers["ETag"]
