/* placeholder */ int provisioning_placeholder_;
