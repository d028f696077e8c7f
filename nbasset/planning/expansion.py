"""What takes the place of a template once its dynamic output is there: one step for each value, and lists of their outputs.

Pure functions on steps; `RunProgress` keeps the books.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from nbasset.planning.plan import Step, StepInput

Place = tuple[str, str]
"""(key of a step, name of its output)."""


def expanded_key(template: str, mapping_key: str) -> str:
    """The key of the step that does a template's work for one value.

    >>> expanded_key("clean", "jfk")
    'clean[jfk]'
    """
    return f"{template}[{mapping_key}]"


def expand(template: Step, mapping_keys: Sequence[str], siblings: frozenset[str]) -> list[Step]:
    """The steps for these values, in order. `siblings` are the templates of the same dynamic output: each reads its own of them."""
    return [_for_key(template, key, siblings) for key in mapping_keys]


def collecting(step: Step, templates: frozenset[str], keys: Sequence[str], dynamic: Mapping[Place, Sequence[str]]) -> Step:
    """A step that collects, once it is known what there is: its lists name every value, and it waits for all of them.

    `templates` were expanded for `keys`; `dynamic` holds the keys of dynamic outputs that are collected as they are.
    """
    after = step.after - templates
    added = frozenset(expanded_key(one, key) for one in step.after & templates for key in keys)
    inputs = tuple(_collected(item, templates, keys, dynamic) for item in step.inputs)
    return replace(step, inputs=inputs, after=after | added)


def _for_key(template: Step, key: str, siblings: frozenset[str]) -> Step:
    return replace(
        template,
        key=expanded_key(template.key, key),
        mapping_key=key,
        inputs=tuple(_input_for(item, key, siblings) for item in template.inputs),
        after=frozenset(expanded_key(one, key) if one in siblings else one for one in template.after),
    )


def _input_for(item: StepInput, key: str, siblings: frozenset[str]) -> StepInput:
    if item.kind == "collected":
        return item
    outputs = tuple(replace(ref, step=expanded_key(ref.step, key)) if ref.step in siblings else ref for ref in item.outputs)
    parts = tuple(_input_for(part, key, siblings) for part in item.parts)
    return replace(item, outputs=outputs, parts=parts)


def _collected(item: StepInput, templates: frozenset[str], keys: Sequence[str], dynamic: Mapping[Place, Sequence[str]]) -> StepInput:
    parts = tuple(_collected(part, templates, keys, dynamic) for part in item.parts)
    if item.kind != "collected":
        return replace(item, parts=parts) if parts != item.parts else item
    ref = item.outputs[0]
    if ref.step in templates:  # from here on a list like any other
        return replace(item, kind="fan_in", outputs=tuple(replace(ref, step=expanded_key(ref.step, key)) for key in keys))
    found = dynamic.get((ref.step, ref.output))
    return item if found is None else replace(item, mapping_keys=tuple(found))
