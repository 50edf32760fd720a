"""Template tags of the platform."""

from django import template

register = template.Library()
