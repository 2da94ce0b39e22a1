#!/bin/sh
if [ "$REQUEST_METHOD" = POST ]; then
  { head -c "${CONTENT_LENGTH:-0}" | tr -d '\n'; echo; } >> "$STORE"
fi
printf 'Content-Type: text/plain\r\n\r\nok\n'
