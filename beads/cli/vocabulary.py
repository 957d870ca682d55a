"""`bd statuses` and `bd types`: the words that an issue may have."""

import click

from beads import linting, words
from beads.cli.call import current
from beads.cli.verb import Verb
from beads.model import STATUSES

_STATUSES = {
    "open": "waits to be started",
    "in_progress": "somebody is at it",
    "blocked": "set aside until something happens",
    "hooked": "given to an agent",
    "closed": "done",
    "deferred": "put off",
    "pinned": "stays for good",
}
_TYPES = {
    "task": "a piece of work",
    "bug": "something is wrong",
    "feature": "something new",
    "chore": "upkeep",
    "epic": "work made of other work",
    "decision": "what was decided, and why",
    "spike": "a question to be answered in a given time",
    "story": "what somebody wants to be able to do",
    "milestone": "a point that related work reaches",
}


@click.command(cls=Verb)
def statuses() -> None:
    """List the statuses that an issue may have, and what they count as."""
    call = current()
    with call.reading() as view:
        custom = words.custom_statuses(view.config("status.custom"))
    built_in = [
        {"name": name, "category": STATUSES[name], "description": text} for name, text in _STATUSES.items()
    ]
    own = [{"name": name, "category": category} for name, category in custom.items()]
    if call.json:
        return call.emit({"built_in_statuses": built_in} | ({"custom_statuses": own} if own else {}))
    for each in (*built_in, *own):
        call.say(f"{each['name']:<14} {each['category']:<12} {each.get('description', '')}".rstrip())
    return None


@click.command(cls=Verb)
@click.option("--sections", is_flag=True, help="With what an issue of each type should say.")
def types(sections: bool) -> None:
    """List the types that an issue may have."""
    call = current()
    with call.reading() as view:
        custom = words.custom_types(view.config("types.custom"))
        settings = view.config_items("lint.")
    found = [{"name": name, "description": text} for name, text in _TYPES.items()]
    asked = {
        name: [heading for heading, _ in linting.sections(name, settings)] for name in (*_TYPES, *custom)
    }
    if call.json:
        core = [{**each, "sections": asked[each["name"]]} if sections else each for each in found]
        return call.emit({"core_types": core} | ({"custom_types": list(custom)} if custom else {}))
    for name in (*_TYPES, *custom):
        more = ": " + ", ".join(asked[name]) if sections and asked[name] else ""
        call.say(f"{name:<12} {_TYPES.get(name, 'of your own')}{more}")
    return None
