/* placeholder */ int messaging_placeholder_;
