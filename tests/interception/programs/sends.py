"""An app on pysendpulse, whose host is fixed."""

import os

from pysendpulse.pysendpulse import PySendPulse

client = PySendPulse(os.environ["SENDPULSE_CLIENT_ID"], os.environ["SENDPULSE_CLIENT_SECRET"])
mail = {
    "subject": "Welcome",
    "html": "<p>Hello</p>",
    "text": "Hello",
    "from": {"name": "Shop", "email": "shop@example.com"},
    "to": [{"name": "Ann", "email": "ann@example.com"}],
}
print(client.smtp_send_mail(mail)["result"])
