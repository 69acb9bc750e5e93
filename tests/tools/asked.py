"""What a client asked of a gateway, by the gateway's own log.

Owns: reading a grant's statements out of the journal. Refuses: to judge whether a refusal was right.
"""
import json
from dataclasses import dataclass

from rig.gateway import Gateway, Link, eventually


@dataclass
class Asked:
    """One statement as it was judged."""
    text: str
    outcome: str
    refusal: str | None
    road: str


def asked(gateway: Gateway, link: Link) -> list[Asked]:
    """All statements of a grant's sessions, in order, once all of them have ended."""
    def ended():
        mine = [s for s in json.loads(gateway.run("sessions", "--json").stdout) if s["grant"] == link.user]
        return mine if mine and all(s["end"] for s in mine) else None
    out = []
    for session in sorted(s["session"] for s in eventually(ended, what="the end of the tool's sessions")):
        for line in gateway.run("replay", str(session), "--json").stdout.splitlines():
            event = json.loads(line)["event"]
            if event.get("event") == "statement":
                out.append(Asked(event["text"], event["outcome"], event.get("refusal"), event["road"]))
    return out
