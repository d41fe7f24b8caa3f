"""The part of the template to take next: the one that lifts a service most, for the least."""

from collections.abc import Mapping
from dataclasses import dataclass

from .checklist import LEVELS
from .parts import Offer


@dataclass(frozen=True)
class Proposal:
    """A part, and a sentence that says why it is next."""

    part: str
    reason: str


def proposed(offer: Offer, missing: Mapping[str, str]) -> Proposal | None:
    """The part to take next, by the checks that are missing and their levels; None without one.

    The lowest level comes first, and in it the part with most checks for each file to merge. If no
    part that can be taken brings a check, it is the one that most of the others wait for.
    """
    for level in LEVELS:
        brought = {
            part: [it for it in offer.parts[part].checks if missing.get(it) == level]
            for part in offer.ready
        }
        merges = {part: sum(offer.state(it).clashes for it in offer.of(part)) for part in brought}
        if any(brought.values()):
            part = max(brought, key=lambda it: len(brought[it]) / (1 + merges[it]))
            return Proposal(part, _most_for_least(part, level, brought[part], merges[part]))
    waiting = {part: _waiting(offer, part, missing) for part in offer.ready}
    if any(waiting.values()):
        part = max(waiting, key=lambda it: len(waiting[it]))
        return Proposal(part, f"{part} brings no check itself. {_needing(waiting[part])} it.")
    return None


def _most_for_least(part: str, level: str, checks: list[str], merges: int) -> str:
    effort = f"{merges} file{'' if merges == 1 else 's'} to merge" if merges else "nothing to merge"
    brings = f"{', '.join(checks)} of {level}, with {effort}"
    return f"{part} lifts the service most for the least: {brings}."


def _needing(parts: list[str]) -> str:
    *others, last = parts
    return f"{', '.join(others)} and {last} need" if others else f"{last} needs"


def _waiting(offer: Offer, part: str, missing: Mapping[str, str]) -> list[str]:
    """The parts that need this one, themselves or through others, and bring a missing check."""
    found: list[str] = []
    for name, other in offer.parts.items():  # in the order of their needs
        if {part, *found} & {*other.needs}:
            found.append(name)
    return [it for it in found if {*offer.parts[it].checks} & missing.keys()]
