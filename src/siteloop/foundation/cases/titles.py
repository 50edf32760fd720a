"""Chinese titles of the rules, filled by the systems' declarations when the program starts."""

#: rule code -> short title, e.g. "dust.spray_not_linked" -> "喷雾未联动"
RULE_TITLES: dict[str, str] = {}
