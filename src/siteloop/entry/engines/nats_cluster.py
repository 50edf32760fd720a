"""A NATS cluster on this machine, for trials: every node keeps its own store and flushes before it acknowledges."""

import secrets
import signal
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from siteloop.entry.engines import processes
from siteloop.entry.engines.nats import binary
from siteloop.entry.trouble import Trouble
from siteloop.gateway import ports

CONFIG = """\
server_name: {name}
listen: "127.0.0.1:{port}"
max_payload: 8MB
max_pending: 256MB
authorization {{ token: "{token}" }}
jetstream {{
  store_dir: "{store}"
  max_memory_store: 64MB
  max_file_store: 64GB
  sync_interval: always
}}
cluster {{
  name: siteloop
  listen: "127.0.0.1:{route}"
  routes: [{routes}]
}}
"""


@dataclass
class Node:
    """One server."""

    name: str
    port: int = field(default_factory=ports.free)
    route: int = field(default_factory=ports.free)
    process: subprocess.Popen[bytes] | None = None

    @property
    def is_up(self) -> bool:
        """Whether it greets."""
        return processes.greeting("127.0.0.1", self.port).startswith("INFO")


class NatsCluster:
    """`start()`, `url` of all nodes, `kill(node)`, `start_node(node)`, `stop()`."""

    def __init__(self, folder: Path, nodes: int = 3) -> None:
        self.folder, self.token = folder, secrets.token_urlsafe(16)
        self.nodes = [Node(f"n{i}") for i in range(nodes)]

    @property
    def url(self) -> str:
        """Every node, for clients."""
        return ",".join(f"nats://{self.token}@127.0.0.1:{n.port}" for n in self.nodes)

    def start(self) -> None:
        """All nodes. Raises Trouble."""
        for node in self.nodes:
            self.start_node(node)

    def start_node(self, node: Node) -> None:
        """One node, on the store it had. Raises Trouble."""
        self.folder.mkdir(parents=True, exist_ok=True)
        config = self.folder / f"{node.name}.conf"
        routes = ", ".join(f'"nats://127.0.0.1:{other.route}"' for other in self.nodes if other is not node)
        config.write_text(
            CONFIG.format(
                name=node.name,
                port=node.port,
                token=self.token,
                store=self.folder / node.name,
                route=node.route,
                routes=routes,
            )
        )
        log = self.folder / f"{node.name}.log"
        node.process = processes.start([binary(), "-c", str(config)], log)
        if not processes.wait_for(lambda: node.is_up, node.process, 30):
            raise Trouble(f"NATS 未能启动：{processes.tail(log)}", f"NATS did not start, see {log}")

    def kill(self, node: Node) -> None:
        """As a power cut does."""
        assert node.process is not None, "start_node() first"
        node.process.send_signal(signal.SIGKILL)
        node.process.wait()

    def stop(self) -> None:
        """All nodes."""
        for node in self.nodes:
            if node.process is not None:
                processes.stop(node.process, patience=15)
