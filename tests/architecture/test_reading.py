"""GET changes nothing in a service's database."""

from typing import Any

from kit import auth, db

from .test_migrations import models
from .test_routes import guarded, routes

COUNTED = {"limit_counts"}  # how often a caller asked is a fact about asking


def rows(package: str) -> dict[str, list[Any]]:
    tables = [table for table in models(package) if issubclass(table, db.Table)]
    return {
        name: sorted(map(repr, table.select().tuples()))
        for table in tables
        if (name := table._meta.table_name) not in COUNTED
    }


def test_no_get_changes_a_row(app, world, client, package):
    grants = {grant for _, _, access in routes(app) if access for grant in access.grants}
    before = rows(package)
    asked = 0
    for method, path, _, access in guarded(app, world):
        if method == "GET":
            bound = {"account": world.account, "who": world.member} if "/accounts/" in path else {}
            grant = sorted(access.grants & grants)[:1]
            asked += client.get(path, headers=world.bearer(*grant, **bound)).status_code != 500
    for method, rule, access in routes(app):
        if method == "GET" and access == auth.PUBLIC:
            asked += client.get(rule.build(world.arguments(rule.arguments))[1]).status_code != 500

    assert asked >= 5
    assert rows(package) == before
