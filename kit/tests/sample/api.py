"""Routes for tests: one of each kind of access, and one that creates."""

from marshmallow import fields

from kit import auth, db, idempotency, limits, outbox, schema
from kit.errors import refuse
from kit.web import Blueprint
from sample.models import Effect

blueprint = Blueprint("things", __name__, url_prefix="/v1/accounts/<uuid:account_id>")


class Thing(schema.Body):
    name = schema.Text(longest=10, required=True)
    size = schema.Whole(least=1, most=10, load_default=1)
    lines = fields.List(fields.Nested(schema.Body.from_dict({"count": schema.Whole(required=True)})))


@blueprint.post("/things")
@auth.allow("things")
@idempotency.once
@blueprint.arguments(Thing)
@blueprint.response(201)
def make_thing(thing, account_id):
    if thing["name"] == "forbidden":
        refuse("name-taken", "That name is taken.", name=thing["name"])
    if thing["name"] == "later":
        refuse("too-soon", "Not yet.", status=429, retry_after=7)
    with db.atomic():
        Effect.create(source="web", subject=str(account_id), sequence=thing["size"])
        outbox.add(outbox.Event("thing.made", str(account_id), {"name": thing["name"]}))
    return {"name": thing["name"], "number": Effect.select().count()}


@blueprint.get("/members/<member_id>")
@auth.allow("people", own="member_id")
def get_member(account_id, member_id):
    return {"account": str(account_id), "member": member_id, "actor": auth.caller().actor}


@blueprint.post("/sightings")
@auth.public
def see(account_id):
    with db.atomic():
        outbox.add(outbox.Event("thing.seen", str(account_id), {}))
    return {}


@blueprint.get("/broken")
@auth.public
def broken(account_id):
    raise ZeroDivisionError


@blueprint.get("/unmarked")
def unmarked(account_id):
    return {}


@blueprint.post("/copies")
@auth.allow("things")
@limits.per_principal("3/minute", name="copies")
@idempotency.once
@blueprint.arguments(Thing)
@blueprint.response(201)
def copy_thing(thing, account_id):
    with db.atomic():
        outbox.add(outbox.Event("thing.made", str(account_id), {"name": thing["name"]}))
    return {"name": thing["name"]}


@blueprint.post("/visits")
@auth.public
@limits.per_address("3/minute", name="visits")
def visit(account_id):
    return {}
