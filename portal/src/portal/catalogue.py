"""The French catalogue: found in code and templates, written beside its compiled form."""

from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

PACKAGE = Path(__file__).parent
FRENCH = PACKAGE / "translations" / "fr" / "LC_MESSAGES" / "messages.po"
METHODS = [("**.py", "python"), ("templates/**.html", "jinja2"), ("templates/**.txt", "jinja2")]
OPTIONS = {"templates/**.html": {"trimmed": "true"}, "templates/**.txt": {"trimmed": "true"}}


def wanted() -> Catalog:
    """Every string that pages may show."""
    found = Catalog(project="seatwise-portal", charset="utf-8")
    for file, line, message, comments, context in extract_from_dir(PACKAGE, METHODS, OPTIONS):
        found.add(message, None, [(file, line)], auto_comments=comments, context=context)
    return found


def french() -> Catalog:
    with FRENCH.open("rb") as file:
        return read_po(file, locale="fr")


def missing() -> list[str]:
    """Strings without a French text."""
    have = french()
    lacking = []
    for message in wanted():
        known = have.get(message.id) if message.id else None
        texts = (
            known.string
            if known and isinstance(known.string, (list, tuple))
            else [known.string if known else ""]
        )
        if message.id and (known is None or known.fuzzy or not all(texts)):
            lacking.append(str(message.id))
    return lacking


def compiled() -> bytes:
    """The binary form of the French catalogue, which gettext reads."""
    buffer = BytesIO()
    write_mo(buffer, french())
    return buffer.getvalue()


def update() -> list[str]:
    """Merge new strings into the file, drop those gone, compile; returns what still lacks French."""
    have = french() if FRENCH.exists() else Catalog(locale="fr", charset="utf-8")
    have.update(wanted(), no_fuzzy_matching=True)
    have.obsolete.clear()
    FRENCH.parent.mkdir(parents=True, exist_ok=True)
    with FRENCH.open("wb") as file:
        write_po(file, have, width=110, sort_output=True, no_location=True, omit_header=False)
    FRENCH.with_suffix(".mo").write_bytes(compiled())
    return missing()
