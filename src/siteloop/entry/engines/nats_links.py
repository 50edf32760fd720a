"""Leaf nodes: the centre's door for them, and an edge's way up, as parts of a NATS configuration."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Tls:
    """PEM files; a certificate of one's own only where the other side asks for it."""

    ca: str = ""
    certificate: str = ""
    key: str = ""

    def text(self, is_server: bool) -> str:
        """The `tls` block, "" when nothing was given. A server with an authority asks its clients for certificates."""
        named = (("cert_file", self.certificate), ("key_file", self.key), ("ca_file", self.ca))
        lines = [f'{name}: "{path}"' for name, path in named if path]
        if not lines:
            return ""
        if is_server and self.ca:
            lines.append("verify: true")
        return "tls { " + ", ".join(lines) + " }"


@dataclass(frozen=True)
class LeafDoor:
    """Where edges come in, and who may."""

    host: str
    port: int
    secrets: dict[str, str]  # edge -> password
    tls: Tls = field(default_factory=Tls)

    def users(self) -> str:
        """One user an edge, which may bring blocks and speak to the desk, and hears its own answers and orders only."""
        return ",\n    ".join(
            f'{{ user: "{name}", password: "{secret}", permissions: {{'
            f' publish: ["blocks.>", "siteloop.edge.{name}.>"],'
            f' subscribe: ["_INBOX_{name}.>", "siteloop.edge.{name}.order"] }} }}'
            for name, secret in sorted(self.secrets.items())
        )

    def text(self) -> str:
        """The `leafnodes` block."""
        return f'leafnodes {{\n  listen: "{self.host}:{self.port}"\n  {self.tls.text(True)}\n}}'


@dataclass(frozen=True)
class Uplink:
    """An edge's way to its centre. `urls` are tls://name:password@host:port, or without name where `credentials` is a file."""

    edge: str
    urls: tuple[str, ...]
    credentials: str = ""
    tls: Tls = field(default_factory=Tls)

    def text(self) -> str:
        """The `leafnodes` block: one remote, tried again for ever; what is stored here stays here."""
        urls = ", ".join(f'"{url}"' for url in self.urls)
        more = [f'credentials: "{self.credentials}"'] if self.credentials else []
        more += filter(None, [self.tls.text(False)])
        return (
            "leafnodes {\n  reconnect: 2s\n"
            f'  remotes: [ {{ urls: [{urls}], deny_exports: ["edge.>"], deny_imports: ["edge.>"],'
            " ignore_discovered_servers: true" + "".join(f", {part}" for part in more) + " } ]\n}"
        )
