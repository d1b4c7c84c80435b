"""No error and no log line prints the password of a URL."""

import json
import re
import subprocess
import sys

import click
import pytest

from kit import cli, logging

URLS = [
    "postgresql://u:s3cret@h/d",
    "postgresql://u:s3@cret@h/d",
    "amqp://u:s3%40cret@h:5672/v",
    "smtp://u:s3cret/x@h",
    "http://:s3cret@h",
]


PROGRAM = """
import sys, structlog
from kit import logging
logging.configure("INFO")
for url in sys.argv[1:]:
    try:
        raise ValueError(f"no {url} here")
    except ValueError as error:
        structlog.get_logger().info("happened", error=repr(error), url=url, exc_info=True)
"""


def test_a_log_line_hides_the_password_of_a_url():
    done = subprocess.run([sys.executable, "-c", PROGRAM, *URLS], capture_output=True, text=True, check=True)
    lines = [json.loads(line) for line in done.stderr.splitlines()]

    assert "cret" not in done.stderr
    assert [line["url"] for line in lines] == [re.sub(":[^:]*@", ":***@", url) for url in URLS]


@pytest.mark.parametrize("url", URLS)
def test_a_command_that_fails_hides_the_password_of_a_url(url):
    with pytest.raises(click.ClickException) as failed, cli.plainly():
        raise ValueError(f"{url} is of no use")

    assert "cret" not in failed.value.message
    assert "is of no use" in failed.value.message


def test_a_text_without_passwords_stays_as_it_is():
    for text in ("https://acme.example/a:b@c", "ada@acme.example", "postgresql://u@h/d", "10:30 a@b"):
        assert logging.without_passwords(text) == text
