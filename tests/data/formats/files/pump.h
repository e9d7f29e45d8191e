#ifndef PUMP_H
#define PUMP_H
struct Valve {
  int open;
};
int close_valve(struct Valve *valve) {
  return valve->open;
}
#endif
