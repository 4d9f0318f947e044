/* Faulty: converts whatever strtod takes for a number, and sends its whole buffer. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

int main(int argc, char **argv) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[1])),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int server = socket(AF_INET, SOCK_DGRAM, 0);
    if (bind(server, (struct sockaddr *)&address, sizeof address)) {
        perror("can't receive");
        return 1;
    }
    static char request[65536];
    for (;;) {
        struct sockaddr_in client;
        socklen_t size = sizeof client;
        ssize_t count = recvfrom(server, request, sizeof request - 1, 0, (struct sockaddr *)&client, &size);
        if (count < 0) continue;
        request[count] = 0;
        char *end, answer[512] = "";
        double celsius = strtod(request, &end);
        if (end == request || strspn(end, " \r\n") != strlen(end) || strlen(request) != (size_t)count)
            strcpy(answer, "not a number");
        else
            snprintf(answer, sizeof answer, "Fahrenheit: %10.2f", celsius * 1.8 + 32);
        sendto(server, answer, sizeof answer, 0, (struct sockaddr *)&client, size);
    }
}
