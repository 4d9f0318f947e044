//! The project's own answer to `exercises/choose.rs`.

use socket2::{Domain, Type};

use crate::choose::Service;

pub fn choose(service: Service) -> (Domain, Type) {
    match service {
        Service::WebServer | Service::Chat => (Domain::IPV4, Type::STREAM),
        Service::WebServerOverIpv6 => (Domain::IPV6, Type::STREAM),
        Service::Temperature => (Domain::IPV4, Type::DGRAM),
        Service::VideoCall => (Domain::IPV6, Type::DGRAM),
        Service::LocalDatabase => (Domain::UNIX, Type::STREAM),
        Service::SystemLog => (Domain::UNIX, Type::DGRAM),
    }
}
