"""What in a migration code from before may not survive, as far as its source tells.

SQL in `op.execute` is not read: there, the mark alone counts.
"""

import ast
from collections.abc import Callable, Iterator

Test = Callable[[ast.Call], bool]


def findings(source: ast.Module) -> list[tuple[int, str]]:
    """Lines of all but `downgrade` that take something away or demand more, and what they do."""
    calls = list(_calls(source))
    created = {name for call in calls if _called(call) == "create_table" for name in _names(call)}
    return [
        (call.lineno, what)
        for call in calls
        for operation, applies, what in _RULES
        # Nothing that runs already knows a table that this migration makes.
        if _called(call) == operation and applies(call) and not created & _names(call)
    ]


def _calls(source: ast.Module) -> Iterator[ast.Call]:
    for part in source.body:
        if isinstance(part, ast.FunctionDef) and part.name == "downgrade":
            continue
        yield from (node for node in ast.walk(part) if isinstance(node, ast.Call))


def _called(node: ast.AST) -> str | None:
    """The last name of what is called, such as drop_column for op.drop_column(…)."""
    called = node.func if isinstance(node, ast.Call) else None
    if isinstance(called, ast.Attribute):
        return called.attr
    return called.id if isinstance(called, ast.Name) else None


def _names(call: ast.Call) -> set[str]:
    """The texts by which an operation names what it is about: its table is among the first two."""
    given = [*call.args[:2], *(each.value for each in call.keywords if "table" in str(each.arg))]
    return {str(each.value) for each in given if isinstance(each, ast.Constant)}


def _has(name: str) -> Test:
    return lambda call: any(each.arg == name for each in call.keywords)


def _is(name: str, value: bool) -> Test:
    return lambda call: any(
        each.arg == name and isinstance(each.value, ast.Constant) and each.value.value is value
        for each in call.keywords
    )


def _always(call: ast.Call) -> bool:
    return True


def _adds_what_must_be_given(call: ast.Call) -> bool:
    """A column that is not nullable, and that the database does not fill in by itself."""
    columns = [each for each in ast.walk(call) if _called(each) == "Column"]
    return any(
        isinstance(column, ast.Call)
        and _is("nullable", False)(column)
        and not _has("server_default")(column)
        and not any(_called(argument) in ("Computed", "Identity") for argument in column.args)
        for column in columns
    )


_RULES: tuple[tuple[str, Test, str], ...] = (
    ("add_column", _adds_what_must_be_given, "adds a column without a default that must be given"),
    ("alter_column", _has("new_column_name"), "renames a column"),
    ("alter_column", _has("type_"), "changes the type of a column"),
    ("alter_column", _is("nullable", False), "makes a column not nullable"),
    ("create_check_constraint", _always, "adds a check"),
    ("create_exclude_constraint", _always, "adds an exclusion"),
    ("create_foreign_key", _always, "adds a foreign key"),
    ("create_index", _is("unique", True), "adds a unique index"),
    ("create_primary_key", _always, "adds a primary key"),
    ("create_unique_constraint", _always, "adds a unique constraint"),
    ("drop_column", _always, "drops a column"),
    ("drop_constraint", _always, "drops a constraint"),
    ("drop_index", _always, "drops an index"),
    ("drop_table", _always, "drops a table"),
    ("rename_table", _always, "renames a table"),
)
