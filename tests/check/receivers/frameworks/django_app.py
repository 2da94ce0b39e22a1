import json
import os
import sys

from django.conf import settings
from django.core.management import execute_from_command_line
from django.http import HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

settings.configure(
    # As `startproject` writes them, less what needs a database.
    DEBUG=True,
    SECRET_KEY="django-insecure",
    ROOT_URLCONF=__name__,
    MIDDLEWARE=[
        "django.middleware.security.SecurityMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.middleware.clickjacking.XFrameOptionsMiddleware",
    ],
)


@csrf_exempt
def hook(request):
    with open(os.environ["STORE"], "a") as file:
        for event in json.loads(request.body):
            file.write(json.dumps(event) + "\n")
    return HttpResponse()


urlpatterns = [path("hook/", hook)]

execute_from_command_line([sys.argv[0], "runserver", "--noreload", "127.0.0.1:0"])
