#include <string>

namespace zephyr {

/* The pump. */
class Pump {
public:
  void start();
  int speed = 0;
};

// Starts it: "{" in a text opens no block.
void Pump::start() {
  std::string open = "{";
  if (speed == 0) {
    speed = 1;
  }
}

}  // namespace zephyr

int main(int argc, char **argv) {
  return 0;
}
