"""Broken: a mail that gets another name each time it is sent."""

from kit import clock
from notifier import domain

message_id = domain.message_id
domain.message_id = lambda _, sender: message_id(clock.new_id(), sender)
