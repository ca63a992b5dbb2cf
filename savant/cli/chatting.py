"""A conversation at the terminal: turns, what is typed between them, and Ctrl-C, which stops only a turn."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

from savant.cli import following, results
from savant.cli.door import Door
from savant.cli.lines import Lines
from savant.cli.output import style
from savant.errors import ErrorCode, ExitCode, SavantError
from savant.schemas.conversations import Conversation, ConversationCreate, ConversationList, ConversationUpdate
from savant.schemas.runs import Run, RunConfig, RunCreate

if TYPE_CHECKING:
    from savant.client import Client
    from savant.client.project import Resolved

HELP = """\
/attach PATH    send a file along with what you say next
/model [ID]     switch to another model, or say which it is
/history        show what was said
/new            begin a new conversation
/help           this list
/quit           leave; Ctrl-D does as well
Ctrl-C stops the turn. The conversation goes on later with: savant chat AGENT --continue"""
MOST_ATTACHED = 200_000  # characters of one file


class Chat:
    """One conversation being held."""

    def __init__(self, door: Door, client: Client, found: Resolved, conversation: Conversation) -> None:
        self._door = door
        self._client = client
        self._found = found
        self._conversation = conversation
        self._attached: list[str] = []
        self._running: Run | None = None
        self._stopping: asyncio.Task[Run] | None = None

    @classmethod
    async def open(
        cls, door: Door, client: Client, found: Resolved, id: int | None, *, go_on: bool, model: str | None
    ) -> Chat:
        """A new conversation, or one that is gone on with."""
        if go_on and id is None:
            latest = (await client.conversations.list(ConversationList(agent=found.slug, limit=1))).items
            if not latest:
                hint = f"Begin one: savant chat {found.slug}"
                raise SavantError(ErrorCode.NOT_FOUND, f"There is no conversation with `{found.slug}` yet.", hint=hint)
            id = latest[0].id
        if id is None:
            conversation = await client.conversations.create(ConversationCreate(agent=found.slug, model=model))
        elif model is not None:
            conversation = await client.conversations.update(id, ConversationUpdate(model=model))
        else:
            conversation = await client.conversations.get(id)
        if conversation.agent != found.slug:
            raise SavantError(ErrorCode.USAGE, f"Conversation {id} is with `{conversation.agent}`.")
        return cls(door, client, found, conversation)

    async def hold(self) -> int:
        """Turn after turn until the person leaves; the exit code."""
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGINT, self._interrupt)
        try:
            self._greet()
            return await self._turns(Lines())
        finally:
            loop.remove_signal_handler(signal.SIGINT)

    async def _turns(self, lines: Lines) -> int:
        while True:
            if self._door.say.interactive:
                self._door.say.prompt("you> ")
            line = await lines.next()
            if line is None or line.strip() in ("/quit", "/exit"):
                return ExitCode.DONE
            try:
                code = await self._take(line.strip())
            except SavantError as error:
                if not self._door.say.interactive:
                    raise
                self._door.say.error(error)
                continue
            if code and not self._door.say.interactive:
                return code

    async def _take(self, line: str) -> int:
        if not line:
            return 0
        if not line.startswith("/"):
            return await self._turn(line)
        name, _, rest = line[1:].partition(" ")
        commands: dict[str, Callable[[str], Awaitable[None]]] = {
            "attach": self._attach,
            "model": self._model,
            "history": self._history,
            "new": self._new,
            "help": self._help,
        }
        if name not in commands:
            raise SavantError(ErrorCode.USAGE, f"There is no `/{name}`.", hint="/help lists what there is.")
        await commands[name](rest.strip())
        return 0

    async def _turn(self, said: str) -> int:
        goal = "\n\n".join([said, *self._attached])
        asks = "ask" if self._door.say.interactive else "fail"
        config = RunConfig(
            root=self._door.root,
            model=self._conversation.model,
            on_approval=self._door.settings.on_approval or asks,
        )
        create = RunCreate(
            type="agent", slug=self._found.slug, goal=goal, config=config, bundle=self._found.project.bundle,
            conversation_id=self._conversation.id, said=said,
        )  # fmt: skip
        run = await self._client.runs.start(create)
        self._attached.clear()
        self._running = run
        try:
            run = await following.to_its_end(self._door, self._client, run)
        finally:
            self._running = None
            if self._stopping is not None:
                await asyncio.gather(self._stopping, return_exceptions=True)
                self._stopping = None
        self._show(run)
        return results.exit_code(run)

    def _interrupt(self) -> None:
        if self._running is None:
            self._door.say.note("\nLeave with /quit or Ctrl-D.")
            self._door.say.prompt("you> ")
        elif self._stopping is None:
            self._door.say.note("\nStopping this turn ...")
            self._stopping = asyncio.ensure_future(self._client.runs.stop(self._running.id))

    def _show(self, run: Run) -> None:
        if run.status == "completed":
            self._door.out.text(results.text(run))
            self._door.say.detail(f"Run {run.id} {results.summary(run)}.")
        elif run.status == "stopped":
            self._door.say.note("Stopped. Say something else, or leave with /quit.")
        else:
            hint = results.next_command(run)
            code = ErrorCode(run.error_code) if run.error_code in set(ErrorCode) else ErrorCode.STEP_FAILED
            self._door.say.error(SavantError(code, f"Run {run.id} {run.status}: {run.error_message}", hint=hint))

    def _greet(self) -> None:
        turns = len(self._conversation.turns)
        if turns:
            last = self._conversation.turns[-1]
            self._door.say.note(f"Conversation {self._conversation.id} with {self._found.slug}, {turns} turns so far.")
            self._door.say.note(style(f"you> {last.said}\n{last.answer or '(not finished)'}", "dim"))
        elif self._door.say.interactive:
            self._door.say.note(f"You talk with {self._found.slug}. /help lists what you can type.")

    async def _attach(self, path: str) -> None:
        text = _read(self._door.cwd, path)
        self._attached.append(f"The file {path}:\n````\n{text.rstrip()}\n````")
        self._door.say.note(f"{path} goes along with what you say next.")

    async def _model(self, id: str) -> None:
        if id:
            update = ConversationUpdate(model=id)
            self._conversation = await self._client.conversations.update(self._conversation.id, update)
        self._door.say.note(f"The model is {self._conversation.model or 'the one of the agent'}.")

    async def _history(self, rest: str) -> None:
        self._conversation = await self._client.conversations.get(self._conversation.id)
        for turn in self._conversation.turns:
            self._door.say.note(f"{style('you>', 'dim')} {turn.said}\n{turn.answer or f'({turn.status})'}")

    async def _new(self, rest: str) -> None:
        create = ConversationCreate(agent=self._found.slug, model=self._conversation.model)
        self._conversation = await self._client.conversations.create(create)
        self._door.say.note("A new conversation.")

    async def _help(self, rest: str) -> None:
        self._door.say.note(HELP)


def _read(folder: Path, name: str) -> str:
    """The text of a file to attach."""
    try:
        text = (folder / Path(name).expanduser()).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not text"
        raise SavantError(ErrorCode.USAGE, f"Cannot attach {name or 'nothing'}: {reason}.") from error
    if len(text) > MOST_ATTACHED:
        raise SavantError(ErrorCode.USAGE, f"{name} is longer than {MOST_ATTACHED:,} characters.")
    return text
