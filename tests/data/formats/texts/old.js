function greet(name) {
  return "hi " + name;
}

class Door {
  open() {}
}
