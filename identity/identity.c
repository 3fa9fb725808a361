/* placeholder */ int identity_placeholder_;
