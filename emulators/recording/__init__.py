"""Traffic kept in a file while it happens, without its credentials: `traffic` reads it out of the journal, `ndjson` and
`har` write it down, `recorder` brings it to the disk, `resending` finds in it what can be sent again."""
