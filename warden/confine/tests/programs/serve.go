package main

import (
	"fmt"
	"io"
	"net"
	"os/exec"
)

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	go func() {
		connection, _ := listener.Accept()
		io.WriteString(connection, "served\n")
		connection.Close()
	}()
	connection, err := net.Dial("tcp", listener.Addr().String())
	check(err)
	said, err := io.ReadAll(connection)
	check(err)
	fmt.Print(string(said))
	said, err = exec.Command("echo", "child").Output()
	check(err)
	fmt.Print(string(said))
}
