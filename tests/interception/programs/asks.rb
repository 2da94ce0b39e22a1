# An app that speaks to SendPulse with Ruby's own library.
require 'net/http'

puts Net::HTTP.get_response(URI('https://api.sendpulse.com/smtp/ips')).code
