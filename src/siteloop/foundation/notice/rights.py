"""Who may do what with notices."""

RIGHTS = {
    "everybody": ("notice.notice.view", "notice.notice.mark_read", "notice.preference.*"),
    "county_officer": ("notice.delivery.*",),
}
