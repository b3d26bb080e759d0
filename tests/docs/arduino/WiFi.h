// A network that is there, and an address of a board as Espressif gives them.
#pragma once
#include <cstdint>
#include <cstring>

enum wl_status_t { WL_DISCONNECTED = 6, WL_CONNECTED = 3 };

struct WiFiClass {
  void begin(const char *, const char *) {}
  wl_status_t status() { return WL_CONNECTED; }
  uint8_t *macAddress(uint8_t *mac) {
    static const uint8_t ours[6] = {0x34, 0x85, 0x18, 0x07, 0xC0, 0xDE};
    return static_cast<uint8_t *>(memcpy(mac, ours, sizeof ours));
  }
};
inline WiFiClass WiFi;
