// The interface of the library arduinoWebSockets over a socket of this machine: unfragmented texts, ping and pong, and a new try after a pause.
#pragma once
#include <arpa/inet.h>
#include <fcntl.h>
#include <functional>
#include <netdb.h>
#include <string>
#include <sys/socket.h>
#include <unistd.h>
#include "Arduino.h"

enum WStype_t { WStype_DISCONNECTED, WStype_CONNECTED, WStype_TEXT, WStype_PING };

class WebSocketsClient {
public:
  using Event = std::function<void(WStype_t, uint8_t *, size_t)>;

  void begin(const char *host, uint16_t port, const char *path) { host_ = host, port_ = port, path_ = path; }
  void onEvent(Event event) { event_ = event; }
  void setReconnectInterval(unsigned long ms) { pause_ = ms; }
  bool isConnected() const { return open_; }

  bool sendTXT(const char *text) { return open_ && sendFrame(0x1, text, strlen(text)); }

  void loop() {
    if (socket_ < 0) {
      if (tried_ && millis() - last_ < pause_) return;
      tried_ = true, last_ = millis();
      connect();
      return;
    }
    char bytes[4096];
    const ssize_t count = recv(socket_, bytes, sizeof bytes, MSG_DONTWAIT);
    if (count == 0 || (count < 0 && errno != EAGAIN)) return lose();
    if (count > 0) in_.append(bytes, count);
    if (!open_) return readAnswer();
    while (readFrame()) {}
  }

private:
  void connect() {
    addrinfo *found = nullptr, wanted = {};
    wanted.ai_socktype = SOCK_STREAM;
    if (getaddrinfo(host_.c_str(), std::to_string(port_).c_str(), &wanted, &found) != 0) return;
    socket_ = socket(found->ai_family, SOCK_STREAM, 0);
    const bool reached = ::connect(socket_, found->ai_addr, found->ai_addrlen) == 0;
    freeaddrinfo(found);
    if (!reached) return lose();
    const std::string request = "GET " + path_ + " HTTP/1.1\r\nHost: " + host_ + "\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: arduino\r\nOrigin: file://\r\n\r\n";
    send(socket_, request.data(), request.size(), MSG_NOSIGNAL);
  }

  void readAnswer() {
    const size_t end = in_.find("\r\n\r\n");
    if (end == std::string::npos) return;
    if (in_.compare(0, 12, "HTTP/1.1 101") != 0) return lose();
    in_.erase(0, end + 4);
    open_ = true;
    event_(WStype_CONNECTED, nullptr, 0);
  }

  bool readFrame() {
    if (in_.size() < 2) return false;
    const uint8_t opcode = in_[0] & 0x0f;
    size_t length = in_[1] & 0x7f, at = 2;
    if (length == 126) {
      if (in_.size() < 4) return false;
      length = (uint8_t(in_[2]) << 8) | uint8_t(in_[3]), at = 4;
    }
    if (in_.size() < at + length) return false;
    std::string payload = in_.substr(at, length);
    in_.erase(0, at + length);
    if (opcode == 0x8) return lose(), false;
    if (opcode == 0x9) sendFrame(0xA, payload.data(), payload.size());
    if (opcode == 0x1) event_(WStype_TEXT, reinterpret_cast<uint8_t *>(payload.data()), payload.size());
    return true;
  }

  /** Texts of up to 125 bytes, which is what devices send; masked with zeros. */
  bool sendFrame(uint8_t opcode, const char *bytes, size_t length) {
    if (length > 125) return false;
    std::string frame = {char(0x80 | opcode), char(0x80 | length), 0, 0, 0, 0};
    frame.append(bytes, length);
    return send(socket_, frame.data(), frame.size(), MSG_NOSIGNAL) == ssize_t(frame.size());
  }

  void lose() {
    if (socket_ >= 0) close(socket_);
    socket_ = -1;
    in_.clear();
    last_ = millis();
    if (open_) event_(WStype_DISCONNECTED, nullptr, 0);
    open_ = false;
  }

  std::string host_, path_ = "/", in_;
  uint16_t port_ = 0;
  unsigned long pause_ = 500, last_ = 0;
  bool tried_ = false, open_ = false;
  int socket_ = -1;
  Event event_ = [](WStype_t, uint8_t *, size_t) {};
};
