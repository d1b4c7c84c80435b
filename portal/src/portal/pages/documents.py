"""The document about a plan, and the choice of language."""

import base64
import hashlib
import re

from flask import Blueprint, Response, abort, request
from flask import session as cookie
from werkzeug.wrappers import Response as Answer

from portal import forms, language, session

blueprint = Blueprint("documents", __name__)


@blueprint.get("/plans/<code>/document")
@session.public
def document(code: str) -> Response:
    """The catalog's page, with leave for exactly the styles that it brings along."""
    if not re.fullmatch(r"[a-z][a-z0-9-]{0,29}", code):
        abort(404)
    page = session.services().catalog.document(code, language.chosen())
    answer = Response(page, content_type="text/html; charset=utf-8")
    answer.headers["Content-Security-Policy"] = (
        f"default-src 'none'; style-src {_style_hashes(page)}; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'; sandbox"
    )
    return answer


def _style_hashes(page: str) -> str:
    blocks = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    digests = (base64.b64encode(hashlib.sha256(block.encode()).digest()).decode() for block in blocks)
    return " ".join(f"'sha256-{digest}'" for digest in digests) or "'none'"


@blueprint.post("/language")
@session.public
def choose_language() -> Answer:
    """Speak this language from now on, on the same page."""
    code = request.form.get("language", "")
    if code not in language.LANGUAGES:
        abort(404)
    cookie["language"] = code
    cookie.permanent = True
    return forms.to(forms.local_path(request.form.get("next")))
