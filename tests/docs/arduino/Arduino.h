// As much of Arduino's core as the sketches of the documentation use, for a process instead of a board.
#pragma once
#include <chrono>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>

inline unsigned long millis() {
  static const auto start = std::chrono::steady_clock::now();
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - start).count();
}

inline void delay(unsigned long ms) { std::this_thread::sleep_for(std::chrono::milliseconds(ms)); }

struct HardwareSerial {
  void begin(unsigned long) {}
  int printf(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    const int written = vprintf(format, arguments);
    va_end(arguments);
    fflush(stdout);
    return written;
  }
  void println(const char *text) { printf("%s\n", text); }
};
inline HardwareSerial Serial;

void setup();
void loop();

int main() {
  setup();
  for (;;) {
    loop();
    delay(1);
  }
}
