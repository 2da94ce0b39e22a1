"""Traffic kept in a file while it happens, without its credentials: `traffic` reads it out of the journal, `ndjson` and
`har` write it down, `forms` knows where a file of theirs goes on, `recorder` brings it to the disk (`file`), `resending` finds in it what can be sent again."""
