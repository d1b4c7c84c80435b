"""No string lacks French, and the compiled catalogue is the one of the file."""

import hashlib

from portal import assets, catalogue


def test_every_string_has_a_french_text():
    assert catalogue.missing() == []


def test_the_compiled_catalogue_is_current():
    """`python -m portal translations` compiles it."""
    assert catalogue.FRENCH.with_suffix(".mo").read_bytes() == catalogue.compiled()


def test_french_texts_keep_the_placeholders():
    for message in catalogue.french():
        ids = [message.id] if isinstance(message.id, str) else message.id
        texts = [message.string] if isinstance(message.string, str) else message.string
        for text in texts if message.id else ():
            assert set(catalogue.placeholders(text)) == set(catalogue.placeholders(ids[-1])), message.id


def test_every_vendored_file_is_listed_with_its_hash():
    listed = assets.FOLDER.joinpath("VENDORED.md").read_text()
    for name in ("bootstrap-reboot.min.css", "htmx.min.js"):
        assert hashlib.sha256(assets.asset(name).content).hexdigest() in listed
