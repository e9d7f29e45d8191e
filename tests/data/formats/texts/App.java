package org.example;

import java.util.List;

/** Serves. */
public class App {
    private int port = 80;

    /** Opens the door. */
    public void open(int port) {
        this.port = port;
    }

    @Override
    public String toString() {
        return "App";
    }
}
