"""The French catalogue: found in code and templates, written beside its compiled form."""

import re
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

PACKAGE = Path(__file__).parent
FRENCH = PACKAGE / "translations" / "fr" / "LC_MESSAGES" / "messages.po"
HEADER = b"""# French texts of the portal.
msgid ""
msgstr ""
"Project-Id-Version: Seatwise portal\\n"
"Language: fr\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: nplurals=2; plural=(n > 1);\\n"

"""
METHODS = [("**.py", "python"), ("templates/**.html", "jinja2"), ("templates/**.txt", "jinja2")]
OPTIONS = {"templates/**.html": {"trimmed": "true"}, "templates/**.txt": {"trimmed": "true"}}


def wanted() -> Catalog:
    """Every string that pages may show."""
    found = Catalog(project="seatwise-portal", charset="utf-8")
    for file, line, message, comments, context in extract_from_dir(PACKAGE, METHODS, OPTIONS):
        found.add(message, None, [(file, line)], auto_comments=comments, context=context)
    return found


def french() -> Catalog:
    """The file's texts; the compiled form must not change with the time of day."""
    with FRENCH.open("rb") as file:
        found = read_po(file, locale="fr")
    found.creation_date = found.revision_date = datetime(2026, 1, 1, tzinfo=UTC)
    return found


def missing() -> list[str]:
    """Strings without a French text."""
    have = french()
    return [str(message.id) for message in wanted() if message.id and not _said(have.get(message.id))]


def _said(message: Message | None) -> bool:
    if message is None or message.fuzzy:
        return False
    texts = message.string if isinstance(message.string, (list, tuple)) else [message.string]
    return all(texts)


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
        file.write(HEADER)
        write_po(file, have, width=110, sort_output=True, no_location=True, omit_header=True)
    FRENCH.with_suffix(".mo").write_bytes(compiled())
    return missing()


def placeholders(text: str) -> list[str]:
    """The names that a text fills in: %(name)s."""
    return re.findall(r"%\((\w+)\)s", text)
