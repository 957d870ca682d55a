"""In which order a graph can be worked off: layers, each of which needs only what is in those before it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Layout:
    """Where each issue stands. What is in a circle, and what waits for one, is in the last layer."""

    layers: list[list[str]]
    depends_on: dict[str, list[str]]

    def places(self) -> Mapping[str, tuple[int, int]]:
        """Return (layer, position in it) of each issue."""
        return {id: (i, j) for i, layer in enumerate(self.layers) for j, id in enumerate(layer)}


def layout(ids: Iterable[str], pairs: Iterable[tuple[str, str]]) -> Layout:
    """Lay out these issues; a pair is (issue, what it waits for). The order of the ids is kept within a layer."""
    every = list(ids)
    inside = set(every)
    depends_on: dict[str, list[str]] = {id: [] for id in every}
    for issue_id, target in pairs:
        if issue_id in inside and target in inside:
            depends_on[issue_id].append(target)
    return Layout(_layers(every, depends_on), depends_on)


def _layers(every: list[str], depends_on: dict[str, list[str]]) -> list[list[str]]:
    waiting = {id: set(targets) for id, targets in depends_on.items()}
    dependents: dict[str, list[str]] = {}
    for id, targets in waiting.items():
        for target in targets:
            dependents.setdefault(target, []).append(id)
    order = {id: i for i, id in enumerate(every)}
    layers: list[list[str]] = []
    free = [id for id in every if not waiting[id]]
    while free:
        layers.append(free)
        freed = set()
        for id in free:
            for dependent in dependents.get(id, ()):
                waiting[dependent].discard(id)
                if not waiting[dependent]:
                    freed.add(dependent)
        free = sorted(freed, key=order.__getitem__)
    if stuck := [id for id in every if waiting[id]]:
        layers.append(stuck)
    return layers
