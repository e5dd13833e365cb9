"""Which servers, in which settings, and what each needs to be installed."""

import itertools
from dataclasses import dataclass, field
from pathlib import Path

TESTEES = Path(__file__).resolve().parents[2] / "fixtures/testees"


@dataclass(frozen=True)
class Needs:
    """What has to be there, and where it comes from."""

    programs: tuple[str, ...]
    files: tuple[str, ...] = ()  # patterns, of which each must match something
    works: tuple[tuple[str, ...], ...] = ()  # commands that must end with status 0
    apt: tuple[str, ...] = ()
    pip: tuple[str, ...] = ()  # arguments of `pip install`
    npm: tuple[str, ...] = ()
    variables: dict[str, str] = field(default_factory=dict)  # name: what it has to say


@dataclass(frozen=True)
class Row:
    """A server in one setting: a line of the table."""

    server: str
    setting: str
    testee: str  # below fixtures/testees
    needs: Needs
    reload_flags: tuple[str, ...] = ()
    # One connection at a time to a worker: cases side by side, and parked connections, would wait for each other.
    serial: bool = False
    # The least time from one reload to the next, where the server needs more than others.
    every: str | None = None

    @property
    def id(self):
        return "-".join([self.id_without_flags, *(flag.strip("-") for flag in self.reload_flags)])

    @property
    def id_without_flags(self):
        folder, file = self.testee.split("/")
        return folder + file.removeprefix("testee").removesuffix(".toml")

    @property
    def path(self):
        return TESTEES / self.testee

    @property
    def advice(self):
        """What its file says at its head: how the server is set up, and by which page of its documentation."""
        lines = self.path.read_text(encoding="utf-8").splitlines()
        head = itertools.takewhile(lambda line: line.startswith("#"), lines)
        return " ".join(line.lstrip("# ").rstrip() for line in head)

    @property
    def has_cases_of_its_own(self):
        """`workerspec run` knows no flags: a row that differs by one shares the cases of the row before."""
        return not self.reload_flags


REUSE_PORT = ("--reuse-port",)
NGINX = Needs(("nginx",), apt=("nginx",))
HAPROXY = Needs(("haproxy",), apt=("haproxy",))
APACHE = Needs(("apache2",), ("/usr/lib/apache2/modules/mod_lua.so",), apt=("apache2",))
LIGHTTPD = Needs(("lighttpd",), ("/usr/lib/lighttpd/mod_magnet.so",), apt=("lighttpd", "lighttpd-modules-lua"))
GUNICORN = Needs(("gunicorn",), pip=("gunicorn",))
UVICORN = Needs(("uvicorn",), pip=("uvicorn[standard]",))
HYPERCORN = Needs(("hypercorn",), pip=("hypercorn",))
GRANIAN = Needs(("granian",), pip=("granian",))
UWSGI = Needs(
    ("uwsgi",), ("/usr/lib/uwsgi/plugins/python3_plugin.so",), apt=("uwsgi-core", "uwsgi-plugin-python3")
)
PUMA = Needs(("puma",), apt=("puma",))
UNICORN = Needs(("unicorn",), apt=("unicorn",))
NODE = Needs(("node",))
PM2 = Needs(("node", "pm2", "pm2-runtime"), npm=("pm2",))
PHP_FPM = Needs(("nginx", "php-fpm*"), apt=("nginx", "php-fpm"))
WORKERMAN = Needs(
    ("php",),
    apt=("php-cli",),
    variables={"WORKERMAN_DIR": "a checkout of Workerman 5 (WORKERMAN_COROUTINE_DIR: of its coroutine package)"},
)

WS = "8.23.0"
NODE_WS = Needs(
    ("node",),
    # PM2 brings another version along.
    works=(("node", "-e", f"process.exit(require('ws/package.json').version === '{WS}' ? 0 : 1)"),),
    npm=(f"ws@{WS}",),
)
PYTHON_WEBSOCKETS = Needs(
    ("python3",),
    works=(("python3", "-c", "import aiohttp, websockets"),),
    pip=("-r", str(TESTEES / "python-websockets/requirements.txt")),
)

ROWS = (
    Row("workerspec", "the reference server, reload", "reference/testee.toml", Needs(())),
    Row("workerspec", "the reference server, reload, --reuse-port", "reference/testee.toml", Needs(()), REUSE_PORT),
    Row("nginx", "HUP", "nginx/testee.toml", NGINX),
    Row("nginx", "HUP, listen … reuseport", "nginx/testee.toml", NGINX, REUSE_PORT),
    Row("HAProxy", "master-worker, USR2", "haproxy/testee.toml", HAPROXY),
    Row(
        "HAProxy",
        "master-worker, USR2, option idle-close-on-response",
        "haproxy/testee-idle-close-on-response.toml",
        HAPROXY,
    ),
    Row("Apache httpd", "event MPM, USR1", "apache/testee.toml", APACHE),
    Row("lighttpd", "workers, USR1", "lighttpd/testee.toml", LIGHTTPD),
    Row("lighttpd", "one process, graceful-restart-bg, USR1", "lighttpd/testee-background.toml", LIGHTTPD),
    Row("gunicorn", "sync, HUP", "gunicorn/testee.toml", GUNICORN, serial=True),
    Row("gunicorn", "gthread, HUP", "gunicorn/testee-gthread.toml", GUNICORN),
    Row("gunicorn", "gthread, HUP, --reuse-port", "gunicorn/testee-gthread.toml", GUNICORN, REUSE_PORT),
    Row("uvicorn", "--workers, HUP", "uvicorn/testee.toml", UVICORN),
    Row("Hypercorn", "workers, HUP", "hypercorn/testee.toml", HYPERCORN),
    Row("Granian", "workers, HUP", "granian/testee.toml", GRANIAN),
    Row("uWSGI", "http-socket, HUP", "uwsgi/testee.toml", UWSGI, serial=True),
    Row("uWSGI", "http-socket, lazy-apps, chain reload", "uwsgi/testee-chain.toml", UWSGI, serial=True, every="12s"),
    Row("Puma", "cluster, phased restart (USR1)", "puma/testee.toml", PUMA),
    Row("Puma", "cluster, hot restart (USR2)", "puma/testee-hot.toml", PUMA),
    Row("unicorn", "HUP", "unicorn/testee.toml", UNICORN, serial=True),
    Row("node cluster", "worker.disconnect()", "node/testee.toml", NODE),
    Row("ws on node cluster", "worker.disconnect(), all protocols", "node-ws/testee.toml", NODE_WS),
    Row("aiohttp and websockets", "a master of its own, all protocols", "python-websockets/testee.toml", PYTHON_WEBSOCKETS),
    Row("aiohttp and websockets", "--reuse-port", "python-websockets/testee.toml", PYTHON_WEBSOCKETS, REUSE_PORT),
    Row("PM2 cluster", "pm2 reload", "pm2/testee.toml", PM2),
    Row("PM2 cluster", "pm2 reload, wait_ready, SIGINT closes", "pm2/testee-graceful.toml", PM2),
    Row("PHP-FPM behind nginx", "USR2", "php-fpm/testee.toml", PHP_FPM),
    Row(
        "PHP-FPM behind nginx",
        "USR2, process_control_timeout",
        "php-fpm/testee-control-timeout.toml",
        PHP_FPM,
    ),
    Row("Workerman", "reload (USR1)", "workerman/testee.toml", WORKERMAN),
    Row("Workerman", "reload (USR1), reusePort", "workerman/testee.toml", WORKERMAN, REUSE_PORT),
    Row("Workerman", "reload -g (USR2)", "workerman/testee-graceful.toml", WORKERMAN),
    Row("Workerman", "reload (USR1), all protocols", "workerman-full/testee.toml", WORKERMAN),
)


def chosen(names):
    """The rows of these names: an id, or the folder of a server for all its rows. Without names all.

    Raises ValueError for a name that is none.
    """
    if not names:
        return list(ROWS)
    rows = []
    for name in names:
        found = [row for row in ROWS if name in (row.id, row.testee.split("/")[0])]
        if not found:
            raise ValueError(f"there is no server {name}: see --list")
        rows += [row for row in found if row not in rows]
    return rows
