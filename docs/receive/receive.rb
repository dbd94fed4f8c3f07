# A receiver of Trunnion's webhooks in Ruby: gem install webrick
# Run it with WEBHOOK_SECRET=whsec_… PORT=9000 ruby receive.rb
require "json"
require "openssl"
require "set"
require "webrick"

KEY = ENV.fetch("WEBHOOK_SECRET").delete_prefix("whsec_").unpack1("m0")
handled = Set.new # in your program: a table with the id as its key, written together with what you do

def verified?(request, body)
  id, timestamp = request["webhook-id"].to_s, request["webhook-timestamp"].to_s
  # Old, or from the future: somebody plays a recording.
  return false unless timestamp.match?(/\A\d+\z/) && (Time.now.to_i - timestamp.to_i).abs <= 300
  mac = OpenSSL::HMAC.digest("SHA256", KEY, "#{id}.#{timestamp}.".b + body.b)
  expected = "v1,#{[mac].pack("m0")}"
  # Several signatures while a secret is replaced: one must fit.
  request["webhook-signature"].to_s.split(" ").any? { |one| OpenSSL.secure_compare(expected, one) }
end

server = WEBrick::HTTPServer.new(
  BindAddress: "127.0.0.1", Port: ENV.fetch("PORT").to_i, AccessLog: [], Logger: WEBrick::Log.new(File::NULL),
  StartCallback: -> { puts "listening"; $stdout.flush }
)
server.mount_proc("/") do |request, response|
  # The bytes as they came: verify first, parse afterwards.
  body = request.body.to_s
  next response.status = 401 unless verified?(request, body)
  event = JSON.parse(body)
  # An event may come more than once, always with the same id.
  if handled.add?(event["id"])
    puts "handled #{event["type"]} #{event["id"]}"
    $stdout.flush
  end
  response.status = 204
end
server.start
