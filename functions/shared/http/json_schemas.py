"""JSON Schemas of the Structs that the API and the bus carry, by msgspec, put right for readers and generators.

msgspec says `format: date-time` only for instants with `Meta(tz=True)`, qualifies names that two rooms share with the
whole module path, and writes an optional value as `anyOf`; here instants are named, names are short, and `T | null` is
one `type` list.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from msgspec import inspect

_TEMPLATE = "#/components/schemas/{name}"
_REFERENCE = re.compile(r"#/components/schemas/([\w.-]+)")
_QUALIFIED = re.compile(r"functions\.(\w+)\.(?:\w+\.)*")
_NULL = {"type": "null"}

Schema = dict[str, Any]


class Schemas:
    """The schemas of all types of one document, each Struct and enum named once.

    `asked` are sent to us and keep their defaults; what occurs only in `answered` always carries every field.
    """

    def __init__(self, *, asked: Sequence[Any], answered: Sequence[Any] = ()) -> None:
        types = list(dict.fromkeys([*asked, *answered]))
        structs = _structs(types)
        every = list(dict.fromkeys([*types, *(struct.cls for struct in structs if not _is_generic(struct.cls))]))
        refs, components = msgspec.json.schema_components(every, ref_template=_TEMPLATE)
        found = dict(zip(every, refs, strict=True))
        for struct in structs:
            if struct.cls in found:
                _name_instants(struct, components[_name_in(found[struct.cls])])
        self._refs = {type_: _simplified(found[type_]) for type_ in types}
        self._components = {_short(name): _simplified(schema) for name, schema in sorted(components.items())}
        assert len(self._components) == len(components), "two Structs of one room share a name"
        for name in self._components.keys() - self._reachable(asked):
            _complete(self._components[name])

    def ref(self, type_: Any) -> Schema:
        """How a schema refers to this type."""
        return dict(self._refs[type_])

    def definition(self, type_: Any) -> Schema:
        """The Struct's own schema."""
        return dict(self._components[_name_in(self._refs[type_])])

    def components(self, *, without: Iterable[Any] = ()) -> dict[str, Schema]:
        """Every named schema, but those of the Structs in `without`."""
        left_out = {_name_in(self._refs[type_]) for type_ in without}
        return {name: schema for name, schema in self._components.items() if name not in left_out}

    def _reachable(self, types: Sequence[Any]) -> set[str]:
        names: set[str] = set()
        waiting: list[Schema] = [self._refs[type_] for type_ in types]
        while waiting:
            fresh = set(_REFERENCE.findall(str(waiting.pop()))) - names
            names |= fresh
            waiting += [self._components[name] for name in fresh]
        return names


def _structs(types: Sequence[Any]) -> list[inspect.StructType]:
    """The Structs that occur anywhere in these types."""
    found: dict[type, inspect.StructType] = {}
    waiting: list[inspect.Type] = list(inspect.multi_type_info(types))
    while waiting:
        info = waiting.pop()
        if isinstance(info, inspect.StructType):
            if info.cls in found and not _is_generic(info.cls):
                continue
            found[info.cls] = info
            waiting += [field.type for field in info.fields]
        else:
            waiting += _inside(info)
    return list(found.values())


def _inside(info: inspect.Type) -> list[inspect.Type]:
    match info:
        case inspect.Metadata(type=inner):
            return [inner]
        case inspect.UnionType(types=options):
            return list(options)
        case inspect.ListType(item_type=item) | inspect.VarTupleType(item_type=item):
            return [item]
        case inspect.DictType(value_type=value):
            return [value]
    return []


def _name_instants(struct: inspect.StructType, schema: Schema) -> None:
    for field in struct.fields:
        _name_instant(field.type, schema["properties"][field.encode_name])


def _name_instant(info: inspect.Type, schema: Schema) -> None:
    match info:
        case inspect.DateTimeType():
            schema["format"] = "date-time"
        case inspect.Metadata(type=inner):
            _name_instant(inner, schema)
        case inspect.ListType(item_type=item) | inspect.VarTupleType(item_type=item):
            _name_instant(item, schema["items"])
        case inspect.UnionType(types=options) if any(isinstance(option, inspect.DateTimeType) for option in options):
            next(option for option in schema["anyOf"] if option.get("type") == "string")["format"] = "date-time"


def _complete(schema: Schema) -> None:
    """An answer always carries every field, also those that have a default when the Struct is made."""
    for name, described in schema.get("properties", {}).items():
        if described.pop("default", ...) is not ...:
            schema["required"] = [*schema.get("required", ()), name]


def _simplified(schema: Any) -> Any:
    if isinstance(schema, list | tuple):
        return [_simplified(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    schema = {name: _simplified(value) for name, value in schema.items()}
    if isinstance(schema.get("$ref"), str):
        schema["$ref"] = _short(schema["$ref"])
    options = schema.get("anyOf", [])
    if len(options) == 2 and _NULL in options:
        present = options[1] if options[0] == _NULL else options[0]
        if isinstance(present.get("type"), str) and "enum" not in present:
            rest = {name: value for name, value in schema.items() if name != "anyOf"}
            return {**present, **rest, "type": [present["type"], "null"]}
    if "enum" in schema and "type" not in schema and all(isinstance(value, str) for value in schema["enum"]):
        schema["type"] = "string"
    return schema


def _short(name: str) -> str:
    """`booking.Item` for `functions.booking.schemas.Item`."""
    return _QUALIFIED.sub(r"\1.", name)


def _name_in(ref: Schema) -> str:
    return str(ref["$ref"].rpartition("/")[2])


def _is_generic(cls: type) -> bool:
    return bool(getattr(cls, "__parameters__", ()))
