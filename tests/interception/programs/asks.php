<?php
// An app that speaks to SendPulse with cURL.
$curl = curl_init('https://api.sendpulse.com/smtp/ips');
curl_setopt($curl, CURLOPT_RETURNTRANSFER, true);
$answer = curl_exec($curl);
echo $answer === false ? curl_error($curl) : curl_getinfo($curl, CURLINFO_RESPONSE_CODE), "\n";
