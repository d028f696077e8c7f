"""Write `src/client/documents/*.gen.ts`: the text of every GraphQL document with the types of its variables and of its answer.

Each `NAME.graphql` there is validated against the schema of the server first, so that a field that is not there fails here and in the
tests, not in front of a user. A union or an interface becomes a union of types that its `__typename` tells apart.

    python generate_documents.py            write
    python generate_documents.py --check    fail if something is not as it would be written
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    InlineFragmentNode,
    NonNullTypeNode,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableDefinitionNode,
    build_schema,
    is_abstract_type,
    is_required_input_field,
    parse,
    print_ast,
    strip_ignored_characters,
    type_from_ast,
    validate,
)

HERE = Path(__file__).parent
DOCUMENTS = HERE / "src" / "client" / "documents"
SCHEMA = HERE.parents[1] / "nbasset" / "api" / "schema.graphql"
SCALARS = {"String": "string", "ID": "string", "Int": "number", "Float": "number", "Boolean": "boolean", "Cursor": "string"}
SCALARS |= {"JSONString": "string", "BigInt": "number | string", "GenericScalar": "unknown", "RunConfigData": "unknown"}


class DocumentError(Exception):
    """A document that the server would refuse, or that cannot be typed."""


def main() -> int:
    """Write every file, or say which are not current."""
    schema = build_schema(SCHEMA.read_text(encoding="utf-8"))
    is_check = "--check" in sys.argv
    stale = []
    for path in sorted(DOCUMENTS.glob("*.graphql")):
        target = path.with_suffix(".gen.ts")
        text = written(schema, path)
        if is_check and (not target.exists() or target.read_text(encoding="utf-8") != text):
            stale.append(target.name)
        elif not is_check:
            target.write_text(text, encoding="utf-8")
    if stale:
        sys.stderr.write(f"not current, run generate_documents.py: {', '.join(stale)}\n")
    return 1 if stale else 0


def written(schema: GraphQLSchema, path: Path) -> str:
    """The TypeScript of one file of documents.

    Raises
    ------
    DocumentError
        If the server would refuse one of them.
    """
    document = parse(path.read_text(encoding="utf-8"))
    errors = validate(schema, document)
    # A fragment that only names a type of this file is no mistake.
    wrong = [error.message for error in errors if "is never used" not in error.message]
    if wrong:
        raise DocumentError(f"{path.name}: " + "; ".join(wrong))
    writer = _Writer(schema, document)
    parts = [f"// Written by generate_documents.py from {path.name} and the schema of the server. Change those.\n"]
    operations = [one for one in document.definitions if isinstance(one, OperationDefinitionNode)]
    if operations:
        parts.append('import { documentOf } from "../graphql";\n')
    parts += [writer.fragment(one) for one in writer.fragments.values()]
    parts += [writer.operation(one) for one in operations]
    return "\n".join(parts)


class _Writer:
    def __init__(self, schema: GraphQLSchema, document: DocumentNode) -> None:
        self.schema = schema
        self.fragments = {one.name.value: one for one in document.definitions if isinstance(one, FragmentDefinitionNode)}

    def fragment(self, node: FragmentDefinitionNode) -> str:
        of = self.schema.type_map[node.type_condition.name.value]
        return f"export type {node.name.value} = {self._selection(of, [node.selection_set], 0)};\n"

    def operation(self, node: OperationDefinitionNode) -> str:
        if node.name is None:
            raise DocumentError("every operation has a name")
        name = node.name.value
        root = self.schema.get_root_type(node.operation)
        assert root is not None
        data = self._selection(root, [node.selection_set], 0)
        variables = [self._variable(one) for one in node.variable_definitions or ()]
        given = "{ " + "; ".join(variables) + " }" if variables else "Record<string, never>"
        used = sorted(self._used(node.selection_set))
        text = "\n".join(print_ast(one) for one in (node, *(self.fragments[one] for one in used)))
        return (
            f"export type {name}Data = {data};\n\nexport type {name}Variables = {given};\n\n"
            f"export const {name}Document = documentOf<{name}Data, {name}Variables>(\n  {json.dumps(name)},\n"
            f"  {json.dumps(strip_ignored_characters(text))},\n);\n"
        )

    # -- answers ---------------------------------------------------------------------------------------------------------------

    def _type(self, of: object, selections: list[SelectionSetNode], depth: int) -> str:
        if isinstance(of, GraphQLNonNull):
            return self._bare(of.of_type, selections, depth)
        return f"{self._bare(of, selections, depth)} | null"

    def _bare(self, of: object, selections: list[SelectionSetNode], depth: int) -> str:
        if isinstance(of, GraphQLList):
            inner = self._type(of.of_type, selections, depth)
            return f"readonly ({inner})[]" if " | " in inner else f"readonly {inner}[]"
        if isinstance(of, GraphQLScalarType):
            return SCALARS.get(of.name, "unknown")
        if isinstance(of, GraphQLEnumType):
            return " | ".join(json.dumps(name) for name in of.values)
        return self._selection(of, selections, depth)

    def _selection(self, of: object, selections: list[SelectionSetNode], depth: int) -> str:
        if isinstance(of, GraphQLObjectType):
            return self._object([of], selections, depth)
        assert is_abstract_type(of)
        shapes: dict[str, list[GraphQLObjectType]] = {}
        for possible in self.schema.get_possible_types(of):
            shapes.setdefault(self._object([possible], selections, depth, named=False), []).append(possible)
        if len(shapes) > 1 and not all("__typename" in self._fields(types[0], selections) for types in shapes.values()):
            raise DocumentError(f"ask for __typename where a {of} may be several things")
        return " | ".join(self._object(types, selections, depth) for types in shapes.values())

    def _object(self, of: list[GraphQLObjectType], selections: list[SelectionSetNode], depth: int, *, named: bool = True) -> str:
        lines = []
        for name, nodes in self._fields(of[0], selections).items():
            field = nodes[0].name.value
            if field == "__typename":
                if named:
                    lines.append(f"readonly {name}: {' | '.join(json.dumps(one.name) for one in of)}")
                continue
            inner = [one.selection_set for one in nodes if one.selection_set is not None]
            lines.append(f"readonly {name}: {self._type(of[0].fields[field].type, inner, depth + 1)}")
        pad = "  " * (depth + 1)
        return "{\n" + "".join(f"{pad}{line};\n" for line in lines) + "  " * depth + "}"

    def _fields(self, of: GraphQLObjectType, selections: Iterable[SelectionSetNode]) -> dict[str, list[FieldNode]]:
        """The fields that are asked of this very type, fragments opened, by the name they are answered under."""
        found: dict[str, list[FieldNode]] = {}
        for selection in (one for each in selections for one in each.selections):
            if isinstance(selection, FieldNode):
                name = selection.alias.value if selection.alias is not None else selection.name.value
                found.setdefault(name, []).append(selection)
                continue
            assert isinstance(selection, (FragmentSpreadNode, InlineFragmentNode))
            node = self.fragments[selection.name.value] if isinstance(selection, FragmentSpreadNode) else selection
            if node.type_condition is not None and not self._is(of, node.type_condition.name.value):
                continue
            for name, nodes in self._fields(of, [node.selection_set]).items():
                found.setdefault(name, []).extend(nodes)
        return found

    def _is(self, of: GraphQLObjectType, name: str) -> bool:
        condition = self.schema.type_map[name]
        return condition is of or (is_abstract_type(condition) and self.schema.is_sub_type(condition, of))

    def _used(self, selection: SelectionSetNode) -> set[str]:
        found: set[str] = set()
        for one in selection.selections:
            if isinstance(one, FragmentSpreadNode):
                found |= {one.name.value} | self._used(self.fragments[one.name.value].selection_set)
            elif isinstance(one, (FieldNode, InlineFragmentNode)) and one.selection_set is not None:
                found |= self._used(one.selection_set)
        return found

    # -- variables -------------------------------------------------------------------------------------------------------------

    def _variable(self, node: VariableDefinitionNode) -> str:
        must = isinstance(node.type, NonNullTypeNode) and node.default_value is None
        return f"readonly {node.variable.name.value}{'' if must else '?'}: {self._input(type_from_ast(self.schema, node.type))}"

    def _input(self, of: object, seen: tuple[str, ...] = ()) -> str:
        if isinstance(of, GraphQLNonNull):
            return self._bare_input(of.of_type, seen)
        return f"{self._bare_input(of, seen)} | null"

    def _bare_input(self, of: object, seen: tuple[str, ...]) -> str:
        if isinstance(of, GraphQLList):
            inner = self._input(of.of_type, seen)
            return f"readonly ({inner})[]" if " | " in inner else f"readonly {inner}[]"
        if isinstance(of, GraphQLEnumType):
            return " | ".join(json.dumps(name) for name in of.values)
        if not isinstance(of, GraphQLInputObjectType):
            return SCALARS.get(of.name, "unknown") if isinstance(of, GraphQLScalarType) else "unknown"
        if of.name in seen:
            return "unknown"  # a selector that holds selectors: nobody asks that deep
        fields = [
            f"readonly {name}{'' if is_required_input_field(field) else '?'}: {self._input(field.type, (*seen, of.name))}"
            for name, field in of.fields.items()
        ]
        return "{ " + "; ".join(fields) + " }"


if __name__ == "__main__":
    sys.exit(main())
