"""Draws a workflow from its definition, as a Mermaid flowchart: what each state does, who is waited for, how long."""

from typing import Any

_HOUR_S = 3600


def flowchart(definition: dict[str, Any]) -> str:
    """The definition as Mermaid text: calls are boxes, waits for somebody are rounded, choices are diamonds."""
    states: dict[str, dict[str, Any]] = definition["States"]
    lines = ["flowchart TD", f"    start(( )) --> {definition['StartAt']}"]
    for name, state in states.items():
        lines.append(f"    {name}{_shape(name, state)}")
        lines += [f"    {name} {arrow} {target}" for arrow, target in _arrows(state)]
    return "\n".join(lines)


def _shape(name: str, state: dict[str, Any]) -> str:
    title = f"<b>{name}</b>"
    comment = state.get("Comment", state.get("Error", ""))
    said = f"{title}<br>{comment}" if comment else title
    match state["Type"]:
        case "Choice":
            return f'{{"{said}"}}'
        case "Succeed" | "Fail":
            return f'(["{said}"])'
    if state["Resource"].endswith(".waitForTaskToken"):
        return f'("{said}<br><i>{state["TimeoutSeconds"] // _HOUR_S} h</i>")'
    room = state["Parameters"]["FunctionName"].removeprefix("${").removesuffix("Events.Arn}").lower()
    return f'["{said}<br><i>{room}</i>"]'


def _arrows(state: dict[str, Any]) -> list[tuple[str, str]]:
    arrows = [(f'-- "{each["StringEquals"]}" -->', each["Next"]) for each in state.get("Choices", ())]
    if "Default" in state:
        arrows.append(("-- else -->", state["Default"]))
    if "Next" in state:
        arrows.append(("-->", state["Next"]))
    for each in state.get("Catch", ()):
        if each["Next"] != state.get("Next"):
            arrows.append(("-. unknown .->", each["Next"]))
    return arrows
