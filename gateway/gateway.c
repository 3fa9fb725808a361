/* placeholder */ int gateway_placeholder_;
